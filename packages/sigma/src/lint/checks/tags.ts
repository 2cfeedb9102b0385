import {
  ATTACK_DEPRECATED,
  ATTACK_REVOKED,
  ATTACK_TACTICS,
  ATTACK_TECHNIQUES,
  ATTACK_VERSION,
  techniqueOf,
} from '../../attack/attack.ts'
import type { LintDocument } from '../document.ts'
import type { Lint } from '../lint.ts'

/** Sigma's own, and those of Weir's pack. */
const NAMESPACES = ['attack', 'car', 'cve', 'd3fend', 'detection', 'stp', 'tlp', 'owasp-serverless', 'nist-800-53', 'hipaa']
/** As the specification's schema writes it. */
const FORM = /^[a-z0-9_-]+\.[a-z0-9._-]+$/

function* tagsOf({ kind, written }: LintDocument): Generator<readonly [number, string]> {
  if (kind === 'refused' || !Array.isArray(written['tags'])) return
  for (const [i, tag] of written['tags'].entries()) if (typeof tag === 'string') yield [i, tag]
}

/** Says of a technique's id what is wrong with it. */
const technique = (
  code: string,
  severity: Lint['severity'],
  about: string,
  mend: string,
  wrong: (id: string) => string | undefined,
): Lint => ({
  code,
  severity,
  about,
  mend,
  one(document, tell) {
    for (const [i, tag] of tagsOf(document)) {
      const id = techniqueOf(tag)
      const what = id && wrong(id)
      if (what) tell(['tags', i], what)
    }
  },
})

/** Tags, and what they say of ATT&CK. */
export const TAGS: readonly Lint[] = [
  {
    code: 'tag-malformed',
    severity: 'warning',
    about: 'A tag that is not `namespace.name` in lower case: nothing finds it.',
    mend: 'Write a namespace, a dot and a name: letters in lower case, digits, `_`, `-`.',
    one(document, tell) {
      for (const [i, tag] of tagsOf(document))
        if (!FORM.test(tag)) tell(['tags', i], `"${tag.slice(0, 80)}" is not namespace.name`)
    },
  },
  {
    code: 'tag-namespace',
    severity: 'info',
    about: 'A tag in a namespace that neither Sigma nor Weir has.',
    mend: `Known are ${NAMESPACES.join(', ')}; switch this off for namespaces of your own.`,
    one(document, tell) {
      for (const [i, tag] of tagsOf(document)) {
        const [namespace = ''] = tag.split('.')
        if (FORM.test(tag) && !NAMESPACES.includes(namespace)) tell(['tags', i], `unknown namespace "${namespace}"`)
      }
    },
  },
  {
    code: 'tag-twice',
    severity: 'warning',
    about: 'The same tag twice.',
    mend: 'Remove one.',
    one(document, tell) {
      const seen = new Set<string>()
      for (const [i, tag] of tagsOf(document)) {
        if (seen.has(tag.toLowerCase())) tell(['tags', i], `"${tag.slice(0, 80)}" stands twice`)
        seen.add(tag.toLowerCase())
      }
    },
  },
  technique(
    'attack-unknown',
    'error',
    `A technique that Enterprise ATT&CK ${ATTACK_VERSION} does not have and never had. Ids of the mobile and ICS matrices are not known here.`,
    'Look the id up at https://attack.mitre.org/techniques/enterprise/',
    id =>
      ATTACK_TECHNIQUES.has(id) || ATTACK_REVOKED.has(id) || ATTACK_DEPRECATED.has(id)
        ? undefined
        : `${id} is no technique of ATT&CK ${ATTACK_VERSION}`,
  ),
  technique(
    'attack-revoked',
    'warning',
    'A technique that ATT&CK has revoked: another took its place.',
    'Write the one that took its place; the message names it.',
    id => (ATTACK_REVOKED.has(id) ? `${id} was revoked; it is ${ATTACK_REVOKED.get(id)} now` : undefined),
  ),
  technique(
    'attack-deprecated',
    'warning',
    'A technique that ATT&CK no longer keeps, and that nothing replaces.',
    'Choose the techniques that fit the rule best today.',
    id => (ATTACK_DEPRECATED.has(id) ? `${id} is deprecated` : undefined),
  ),
  {
    code: 'attack-tactic',
    severity: 'warning',
    about: `An \`attack.\` tag that is neither a tactic of ATT&CK ${ATTACK_VERSION} nor an id (t, g, s, ds, m, a, c with four digits).`,
    mend: `Tactics are ${[...ATTACK_TACTICS.keys()].join(', ')}.`,
    one(document, tell) {
      for (const [i, tag] of tagsOf(document)) {
        const name = /^attack\.(.*)$/.exec(tag)?.[1]
        if (name === undefined || techniqueOf(tag) || /^(?:[gsmac]|ds)\d{4}$/.test(name) || ATTACK_TACTICS.has(name)) continue
        tell(
          ['tags', i],
          name === 'defense-evasion'
            ? 'release 19 made two tactics of defense-evasion: stealth and defense-impairment'
            : `"${name.slice(0, 80)}" is neither a tactic nor an id`,
        )
      }
    },
  },
  {
    code: 'attack-tactic-missing',
    severity: 'info',
    about: 'A technique of which none of its tactics is tagged: coverage by tactic leaves the rule out.',
    mend: 'Tag the tactic that the rule is about.',
    one(document, tell) {
      const tags = [...tagsOf(document)]
      const tactics = new Set(tags.map(([, tag]) => tag.slice('attack.'.length)))
      for (const [i, tag] of tags) {
        const serves = ATTACK_TECHNIQUES.get(techniqueOf(tag) ?? '')
        if (serves && !serves.some(tactic => tactics.has(tactic)))
          tell(['tags', i], `${tag.slice(7).toUpperCase()} serves ${serves.join(', ')}: none of them is tagged`)
      }
    },
  },
]

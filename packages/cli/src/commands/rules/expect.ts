import { ConfigError } from '@weir/ingest'
import type { Refusal } from '@weir/sigma'
import { parse, stringify } from 'yaml'

/** A refusal that is known. `*` in a text stands for anything. */
export interface Expected {
  /** Relative to the PATH that holds it. */
  readonly file: string
  /** Title or id; left out, any document of the file. */
  readonly rule?: string
  readonly reason: string
  /** Why it is left so: for people. */
  readonly why?: string
}

/** A refusal with the file's place in its tree. */
export type Placed = Refusal & { readonly within: string }

const KEYS = ['file', 'rule', 'reason', 'why']

/** Reads a list of expected refusals. Throws `ConfigError` that names `file` and the entry. */
export function readExpected(text: string, file: string): Expected[] {
  let value: unknown
  try {
    value = parse(text, { schema: 'core' })
  } catch (error) {
    throw new ConfigError(`${file}: not valid YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`, {
      cause: error,
    })
  }
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new ConfigError(`${file}: expected a list of {file, rule, reason}`)
  return value.map((entry: unknown, i) => {
    const map = typeof entry === 'object' && entry !== null ? (entry as Readonly<Record<string, unknown>>) : {}
    const odd = Object.keys(map).find(key => !KEYS.includes(key) || typeof map[key] !== 'string')
    if (odd !== undefined)
      throw new ConfigError(`${file}: [${i}].${odd}: expected texts under ${KEYS.join(', ')}, and nothing else`)
    const { file: path, rule, reason, why } = map as Readonly<Record<string, string | undefined>>
    if (!path || !reason) throw new ConfigError(`${file}: [${i}]: expected file and reason`)
    return { file: path, ...(rule === undefined ? {} : { rule }), reason, ...(why === undefined ? {} : { why }) }
  })
}

/** What is refused without being expected, and what is expected and no longer refused. */
export function compare(
  refused: readonly Placed[],
  expected: readonly Expected[],
): { readonly unexpected: readonly Placed[]; readonly stale: readonly Expected[] } {
  const tests = expected.map(matcher)
  return {
    unexpected: refused.filter(refusal => !tests.some(test => test(refusal))),
    stale: expected.filter((_, i) => !refused.some(refusal => tests[i]?.(refusal))),
  }
}

function matcher({ file, rule, reason }: Expected): (refusal: Placed) => boolean {
  const [path, name, because] = [glob(file), rule === undefined ? undefined : glob(rule), glob(reason)]
  return refusal => path(refusal.within) && (!name || name(refusal.rule)) && because(refusal.reason)
}

/** Each `*` is found at its first place, so that time is bounded by the text. */
function glob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const [head = '', ...rest] = parts
  const tail = rest.pop()
  if (tail === undefined) return text => text === pattern
  return text => {
    if (!text.startsWith(head)) return false
    let at = head.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return text.length - tail.length >= at && text.endsWith(tail)
  }
}

/** `names` of files, the longest first. */
function withoutPlaces(reason: string, names: readonly string[]): string {
  return reason.split(/(:\d+:\d+)/).reduce((text, part, i) => {
    const name = i % 2 === 1 ? names.find(each => text.endsWith(each)) : undefined
    return name === undefined ? text + part : `${text.slice(0, -name.length)}*`
  }, '')
}

/**
 * Writes today's refusals as expected ones, sorted; what the list before said under `why` stays. A reason may name a place in another of the files,
 * which is another when the tree lies elsewhere or a line is added: `*` stands for it.
 */
export function writeExpected(
  { refused, files }: { readonly refused: readonly Placed[]; readonly files: readonly { readonly name: string }[] },
  before: readonly Expected[],
): string {
  const names = files.map(({ name }) => name).toSorted((a, b) => b.length - a.length)
  const tests = before.map(expected => [expected, matcher(expected)] as const)
  const entries = refused
    .map((refusal): Expected => {
      const why = tests.find(([, test]) => test(refusal))?.[0].why
      const { within, rule, reason } = refusal
      return {
        file: within,
        ...(rule ? { rule } : {}),
        reason: withoutPlaces(reason, names),
        ...(why === undefined ? {} : { why }),
      }
    })
    .toSorted((a, b) => (`${a.file}\0${a.rule}` < `${b.file}\0${b.rule}` ? -1 : 1))
  const head = `# Refusals that \`weir rules check --expect\` takes as known. file is relative to the PATH that is checked, rule is a title or id,
# * stands for anything, and why is for people. \`--write-expect\` writes this file anew and keeps each why.
`
  return head + stringify(entries, { lineWidth: 0 })
}

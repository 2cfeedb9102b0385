import type { Conditions } from '../matcher.ts'
import type { Expression, Question } from '../plan/expression.ts'
import type { Taxonomy } from '../runtime.ts'
import type { PackData, RuleText } from './data.ts'

/** What a generated module exports. */
export interface PackModule {
  /** The name of the pack that it was made of. */
  readonly pack: string
  readonly conditions: Readonly<Record<Taxonomy, Conditions>>
}

/**
 * Writes the conditions of a pack as an ES module, each a function; what they ask stays in the pack, since engines read JSON faster than the
 * same as code. It imports nothing and needs no `eval`, so it runs where a content security policy forbids that; it is code, so it is only
 * loaded from where code is trusted.
 */
export function generateModule({ hash, rules }: PackData): string {
  const questions = { sigma: [] as string[], ocsf: [] as string[] }
  for (const text of rules) {
    const { rule, questions: asked } = JSON.parse(text) as RuleText
    for (const question of asked) questions[rule.taxonomy].push(source(question))
  }
  const list = (taxonomy: Taxonomy): string =>
    `  ${taxonomy}: [\n${questions[taxonomy].map(text => `    ${text},\n`).join('')}  ],\n`
  return [
    `// The conditions of rule pack ${hash}, generated. Do not edit: build it again.`,
    `export const pack = ${JSON.stringify(hash)}`,
    `export const conditions = {\n${list('sigma')}${list('ocsf')}}`,
    '',
  ].join('\n')
}

/**
 * A function of a function that answers predicates. Selections named more than once are asked once. It is no arrow function: V8 compiles those
 * when the module is loaded, and these when they are first called.
 */
function source({ condition, selections }: Question): string {
  const uses = selections.map(() => 0)
  count(condition, uses)
  const shared = selections.map((_, at) => (uses[at] ?? 0) > 1)
  const parts = shared.flatMap((is, at) => (is ? [`s${at}`] : []))
  const text = write(condition, at => (shared[at] ? `(s${at} ??= ${of(at)})` : of(at)))
  return `function (h) { ${parts.length === 0 ? '' : `let ${parts.join(', ')}; `}return ${text} }`

  function of(at: number): string {
    const detection = selections[at]?.detection
    return detection ? write(detection, () => 'false') : 'false'
  }
}

function write(node: Expression, selection: (at: number) => string): string {
  switch (node.kind) {
    case 'not':
      return `!${write(node.item, selection)}`
    case 'selection':
      return selection(node.at)
    case 'item': {
      const any = (ids: readonly number[]): string =>
        joined(
          ids.map(id => `h(${id})`),
          '||',
          'false',
        )
      const text = node.all ? joined(node.values.map(any), '&&', 'true') : any(node.values.flat())
      return node.negated ? `!${text}` : text
    }
    case 'and':
      return joined(
        node.items.map(item => write(item, selection)),
        '&&',
        'true',
      )
    case 'or':
      return joined(
        node.items.map(item => write(item, selection)),
        '||',
        'false',
      )
  }
}

const joined = (texts: readonly string[], link: string, nothing: string): string =>
  texts.length === 0 ? nothing : texts.length === 1 ? (texts[0] ?? nothing) : `(${texts.join(link)})`

function count(node: Expression, uses: number[]): void {
  if (node.kind === 'not') count(node.item, uses)
  else if (node.kind === 'selection') uses[node.at] = (uses[node.at] ?? 0) + 1
  else if (node.kind !== 'item') for (const item of node.items) count(item, uses)
}

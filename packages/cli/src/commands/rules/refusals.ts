import type { Refusal } from '@weir/sigma'
import { EXIT, type World } from '../../command.ts'
import type { Suite } from '../../junit.ts'
import { refusalLine } from '../../rules.ts'
import { plain } from '../../terminal.ts'

/** Of a reason in a report, characters. */
const REASON_LENGTH = 2_000

/** Writes each refusal for a person; the answer is the exit code. */
export function tellRefusals(refused: readonly Refusal[], { terminal }: World): number {
  for (const each of refused) terminal.line(`${terminal.paint('red', 'refused')} ${plain(refusalLine(each))}`)
  return refused.length > 0 ? EXIT.found : EXIT.ok
}

/** The same for CI: a test case that fails for each. */
export function refusedSuites(refused: readonly Refusal[]): readonly Suite[] {
  const cases = refused.map(({ file, line, column, rule, reason }) => ({
    name: 'loads',
    group: rule || file,
    file,
    line,
    failure: `${file}:${line}:${column} ${plain(reason, REASON_LENGTH)}`,
  }))
  return cases.length > 0 ? [{ name: 'refused', cases }] : []
}

import type { Refusal } from '@weir/sigma'
import { EXIT, type World } from '../../command.ts'
import { refusalLine } from '../../rules.ts'
import { plain } from '../../terminal.ts'

/** Writes each refusal for a person; the answer is the exit code. */
export function tellRefusals(refused: readonly Refusal[], { terminal }: World): number {
  for (const each of refused) terminal.line(`${terminal.paint('red', 'refused')} ${plain(refusalLine(each))}`)
  return refused.length > 0 ? EXIT.found : EXIT.ok
}

import { checkRuntime } from '@weir/extension/runtime-check'
import { type Counterpart, Skipped } from './counterpart.ts'

/** Bun: the program of the runtime layer, held to the checks that the bundle passes on Node. */
export const runtime: Counterpart = {
  name: 'runtime',
  async run(stand) {
    if (!(await checkRuntime(stand)))
      throw new Skipped('the program of the runtime layer cannot be made here; the line above says why')
  },
}

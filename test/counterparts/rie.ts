import { type Counterpart, Skipped } from './counterpart.ts'

export const rie: Counterpart = {
  name: 'rie',
  async run() {
    throw new Skipped('not yet')
  },
}

import { type Counterpart, Skipped } from './counterpart.ts'

export const opensearch: Counterpart = {
  name: 'opensearch',
  async run() {
    throw new Skipped('not yet')
  },
}

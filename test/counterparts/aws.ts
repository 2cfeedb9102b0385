import { type Counterpart, Skipped } from './counterpart.ts'

export const aws: Counterpart = {
  name: 'aws',
  async run() {
    throw new Skipped('not yet')
  },
}

import { describe, expect, it } from 'vitest'
import { ours } from './ours.ts'
import { hold } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

const onDemand = { managed: false, telemetry: true }
const bare = { managed: false, telemetry: false }
const managed = { managed: true, telemetry: true }

/** Without telemetry only what cannot be asked with it: all else is the same code. */
const PLATFORMS = [
  { platform: ours('on demand', onDemand), asked: scenarios },
  { platform: ours('without telemetry', bare), asked: scenarios.filter(({ unless }) => unless?.(onDemand) && unless(managed)) },
  { platform: ours('a managed instance', managed), asked: scenarios },
]

describe.concurrent.each(PLATFORMS)('$platform.name', ({ platform, asked }) => {
  for (const scenario of asked) {
    const reason = scenario.unless?.(platform.traits)
    it.skipIf(reason !== undefined)(scenario.name, async () => {
      expect(await hold(scenario, platform)).toEqual([])
    })
  }
})

describe('the scenarios', () => {
  it('have names of their own', () => {
    const names = scenarios.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
  })
})

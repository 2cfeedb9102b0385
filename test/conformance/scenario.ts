import { isDeepStrictEqual } from 'node:util'
import type { Difference } from './differences.ts'
import type { Platform, Run, Setup, Traits } from './platform.ts'

/** What was seen, each under a name: plain values, free of ids, times and ports. */
export type Facts = Readonly<Record<string, unknown>>

/** Something that a platform does to an extension, and what the extension is to see of it. */
export interface Scenario {
  readonly name: string
  /** Where it cannot be asked, and why. */
  readonly unless?: (traits: Traits) => string | undefined
  readonly setup: (traits: Traits) => Setup
  /** Drives the sandbox, ends it, and tells what the diary shows. */
  readonly play: (run: Run, traits: Traits) => Promise<Facts>
  readonly expect: (traits: Traits) => Facts
}

/** One fact that is not as expected, or a listed difference that is none any more. */
export interface Mismatch {
  readonly fact: string
  readonly expected: unknown
  readonly got: unknown
}

/**
 * Plays a scenario. A platform's known differences replace what is expected of it; one that equals the expectation is listed for nothing, and a
 * mismatch too, so that the list cannot rot.
 */
export async function hold(
  scenario: Scenario,
  platform: Platform,
  differences: readonly Difference[] = [],
): Promise<readonly Mismatch[]> {
  const { traits } = platform
  const run = await platform.open(scenario.setup(traits))
  let got: Facts
  try {
    got = await scenario.play(run, traits)
  } finally {
    await run.end()
  }
  const expected = { ...scenario.expect(traits) }
  const mismatches: Mismatch[] = []
  for (const { scenario: name, fact, theirs } of differences) {
    if (name !== scenario.name) continue
    if (isDeepStrictEqual(expected[fact], theirs))
      mismatches.push({ fact, expected: 'a difference, as listed', got: 'none: take it off the list' })
    expected[fact] = theirs
  }
  for (const fact of new Set([...Object.keys(expected), ...Object.keys(got)]))
    if (!isDeepStrictEqual(expected[fact], got[fact])) mismatches.push({ fact, expected: expected[fact], got: got[fact] })
  return mismatches
}

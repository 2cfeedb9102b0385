import { expect, it } from 'vitest'
import type { Host } from '../host/host.ts'
import { fakeHost } from '../testing/host.ts'
import { inSlices } from './slices.ts'

/** A clock that moves as the test says, and what waits for it. */
function clock() {
  const due: (() => void)[] = []
  const host: Host = {
    ...fakeHost(),
    now: () => made.now,
    after(_, task) {
      due.push(task)
      return () => {}
    },
  }
  const made = {
    now: 1_000,
    host,
    next() {
      made.now += 5
      due.shift()?.()
    },
  }
  return made
}

it('stops at the first yield after a millisecond, and goes on later', async () => {
  const time = clock()
  const steps: number[] = []
  const done = inSlices(
    time.host,
    task => task(),
    function* (spent) {
      for (let step = 0; step < 6; step++) {
        steps.push(time.now)
        if (step % 2) time.now++
        yield
      }
      return spent()
    },
  )
  expect(steps).toEqual([])
  for (let each = 0; each < 4; each++) time.next()
  expect(await done).toBe(3)
  expect(steps).toEqual([1_005, 1_005, 1_011, 1_011, 1_017, 1_017])
})

it('does not take a freeze for work', async () => {
  const time = clock()
  const done = inSlices(
    time.host,
    task => task(),
    function* (spent) {
      time.now += 3_600_000
      yield
      return spent()
    },
  )
  time.next()
  time.next()
  expect(await done).toBe(10)
})

it('fails as its work fails', async () => {
  const time = clock()
  const done = inSlices(
    time.host,
    task => task(),
    function* () {
      yield
      throw new Error('broken')
    },
  )
  time.next()
  await expect(done).rejects.toThrow('broken')
})

it('asks before each slice, and goes on where it was when it may', async () => {
  const time = clock()
  let mayRun = false
  const held: (() => void)[] = []
  const steps: number[] = []
  const done = inSlices(
    time.host,
    task => (mayRun ? task() : void held.push(task)),
    function* () {
      for (let step = 0; step < 3; step++) {
        steps.push(step)
        time.now++
        yield
      }
      return 'done'
    },
  )
  time.next()
  expect([steps, held.length]).toEqual([[], 1])
  held.pop()?.()
  time.next()
  expect([steps, held.length]).toEqual([[0], 1])
  mayRun = true
  held.pop()?.()
  time.next()
  time.next()
  expect(await done).toBe('done')
  expect(steps).toEqual([0, 1, 2])
})

it('lets what ended a freeze be read first', () => {
  const time = clock()
  let asked = 0
  void inSlices(
    time.host,
    () => void asked++,
    function* () {},
  )
  time.now += 60_000
  time.next()
  expect(asked).toBe(0)
  time.next()
  expect(asked).toBe(1)
})

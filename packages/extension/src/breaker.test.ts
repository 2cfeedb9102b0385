import { expect, it } from 'vitest'
import { createBreaker } from './breaker.ts'
import { fakeHost } from './testing/host.ts'

it('stays open longer with each failure in a row, up to five minutes, and closes at the first success', () => {
  const host = fakeHost()
  const breaker = createBreaker(host)
  const openFor = () => {
    let ms = 0
    for (; breaker.open; ms += 100) host.advance(100)
    return ms
  }
  expect(breaker.open).toBe(false)
  for (const most of [1000, 2000, 4000, 8000]) {
    breaker.failed(1000)
    const ms = openFor()
    expect(ms).toBeGreaterThanOrEqual(most / 2)
    expect(ms).toBeLessThanOrEqual(most + 100)
  }
  for (let each = 0; each < 50; each++) breaker.failed(60_000)
  expect(openFor()).toBeLessThanOrEqual(300_100)
  breaker.failed(1000)
  breaker.succeeded()
  expect(breaker.open).toBe(false)
  breaker.failed(1000)
  expect(openFor()).toBeLessThanOrEqual(1100)
})

import { describe, expect, it } from 'vitest'
import { EPOCH, findings, MINUTE, type Sent, windowsOf } from '../../test/correlating.ts'

/** Events of one user, by minute: `0a 3b` is an `a` at 0 and a `b` at 3. */
const events = (text: string, fields: Readonly<Record<string, unknown>> = { user: 'ann' }): readonly Sent[] =>
  text.split(' ').map(word => ({ at: Number.parseFloat(word), what: word.replace(/^[\d.]+/, ''), ...fields }))
/** Events of rule a with numbers under `n`, one a minute. */
const numbers = (...list: readonly unknown[]): readonly Sent[] => list.map((n, at) => ({ at, what: 'a', user: 'ann', n }))
const figure = async (body: string, sent: readonly Sent[]): Promise<readonly unknown[]> => {
  const type = /type: (\w+)/.exec(body)?.[1] ?? ''
  return (await findings(body, sent)).map(({ evidence }) => evidence[type])
}

describe('event_count', () => {
  const body = '{ type: event_count, rules: [a], group-by: [user], timespan: 10m, condition: { gte: 3 } }'

  it('fires when the window that ends with an event holds enough', async () => {
    expect(windowsOf(await findings(body, events('0a 4a 9.9a')))).toEqual(['ann 0-10'])
    expect(await findings(body, events('0a 4a 10a'))).toEqual([])
  })

  it('says what it counted, between when and when, and of which events', async () => {
    const [match] = await findings(body, events('1a 2a 3b 4a'))
    expect(match?.evidence).toEqual({ event_count: 3, from: EPOCH + MINUTE, to: EPOCH + 4 * MINUTE })
    expect(match?.events).toEqual(['event-0', 'event-1', 'event-3'])
    expect(match?.groupBy).toEqual({ user: 'ann' })
    expect(match?.caveats).toEqual([])
  })

  it('counts several rules together', async () => {
    expect(await findings(body.replace('[a]', '[a, b]'), events('0a 1b 2a'))).toHaveLength(1)
  })

  it.each([
    ['gt: 2', '0a 1a 2a', 1],
    ['gt: 3', '0a 1a 2a', 0],
    ['lt: 3', '0a 1a', 1],
    ['lt: 2', '0a 1a', 0],
    ['lte: 2', '0a 1a', 1],
    ['eq: 2', '0a 1a', 1],
    ['eq: 2', '0a 1a 2a', 0],
    ['neq: 2', '0a 1a', 0],
    ['neq: 2', '0a 1a 2a', 1],
    ['gt: 1, lte: 3', '0a 1a 2a', 1],
    ['gt: 1, lte: 3', '0a 1a 2a 3a', 0],
  ])('{ %s } over %s finds %s', async (condition, sent, expected) => {
    expect(await findings(body.replace('gte: 3', condition), events(sent))).toHaveLength(expected)
  })
})

describe('value_count', () => {
  const body = '{ type: value_count, rules: [a], group-by: [user], timespan: 10m, condition: { field: ip, gte: 2 } }'
  const from = (...ips: readonly unknown[]): readonly Sent[] => ips.map((ip, at) => ({ at, what: 'a', user: 'ann', ip }))

  it('counts different values, whatever their case', async () => {
    expect(await figure(body, from('10.0.0.1', '10.0.0.2', '10.0.0.1'))).toEqual([2])
    expect(await findings(body, from('HOST', 'host'))).toEqual([])
  })

  it('takes each member of an array, and no event without the field', async () => {
    expect(await figure(body, from(['x', 'y']))).toEqual([2])
    expect(await findings(body, from('x', null, undefined, []))).toEqual([])
  })

  it('counts combinations of several fields', async () => {
    const both = body.replace('field: ip', 'field: [ip, port]')
    const sent = (ip: string, port: number): Sent => ({ at: 0, what: 'a', user: 'ann', ip, port })
    expect(await findings(both, [sent('x', 1), sent('x', 1)])).toEqual([])
    expect(await findings(both, [sent('x', 1), sent('x', 2)])).toHaveLength(1)
    expect(await findings(both, [sent('x', 1), { at: 0, what: 'a', user: 'ann', ip: 'y' }])).toEqual([])
  })
})

describe('temporal', () => {
  const body = '{ type: temporal, rules: [a, b, c], group-by: [user], timespan: 5m }'

  it('wants all its rules in one window, in any order', async () => {
    const [match] = await findings(body, events('0c 1a 2c 4b'))
    expect(match?.evidence).toEqual({
      rules: { c: EPOCH, a: EPOCH + MINUTE, b: EPOCH + 4 * MINUTE },
      from: EPOCH,
      to: EPOCH + 4 * MINUTE,
    })
    expect(await findings(body, events('0c 1a 5b'))).toEqual([])
  })

  it('takes a number of different rules as its condition', async () => {
    const two = body.replace('timespan', 'condition: { gte: 2 }, timespan')
    expect(await findings(two, events('0a 1b'))).toHaveLength(1)
    expect(await findings(two, events('0a 1a'))).toEqual([])
  })

  it('takes a boolean condition over its rules', async () => {
    const either = body.replace('timespan', 'condition: a and (b or c), timespan')
    expect(await findings(either, events('0c 1a'))).toHaveLength(1)
    expect(await findings(either, events('0c 1b'))).toEqual([])
    expect(
      await findings(body.replace('timespan', 'condition: 2 of them, timespan').replace('2 of', 'all of'), events('0a 1b 2c')),
    ).toHaveLength(1)
  })

  it('judges what must not be seen at the end of a window that begins with what must', async () => {
    const without = body.replace('timespan', 'condition: a and not b, timespan')
    expect(windowsOf(await findings(without, events('0c 1a 2c')))).toEqual(['ann 1-6'])
    expect(await findings(without, events('1a 5.9b'))).toEqual([])
    expect(await findings(without, events('0b 1a'))).toHaveLength(1)
    expect(await findings(without, events('1a 6b'))).toHaveLength(1)
  })
})

describe('temporal_ordered', () => {
  const body = '{ type: temporal_ordered, rules: [a, b, c], group-by: [user], timespan: 5m }'

  it.each([
    ['0a 1b 2c', 1],
    ['0b 1a 2c', 0],
    ['0b 1a 2b 3c', 1],
    ['0a 2b 5c', 0],
    ['0a 2a 4b 6c', 1],
    ['1c 1b 1a', 1],
  ])('%s makes %s', async (sent, expected) => {
    expect(await findings(body, events(sent))).toHaveLength(expected)
  })

  it('takes the number of rules in a row, some left out', async () => {
    const two = body.replace('timespan', 'condition: { gte: 2 }, timespan')
    expect(await findings(two, events('0a 1c'))).toHaveLength(1)
    expect(await findings(two, events('0c 1b 2a'))).toEqual([])
  })

  it('keeps the order of the rules, not of the condition', async () => {
    const pair = body.replace('timespan', 'condition: c and a, timespan')
    expect(await findings(pair, events('0a 1c'))).toHaveLength(1)
    expect(await findings(pair, events('0c 1a'))).toEqual([])
  })
})

describe('value_sum, value_avg, value_percentile and value_median', () => {
  const body = (type: string, condition: string): string =>
    `{ type: ${type}, rules: [a], group-by: [user], timespan: 10m, condition: { field: n, ${condition} } }`

  it.each([
    // 0.1 ten times over is 0.9999999999999999 in binary.
    ['value_sum', 'gte: 1', Array.from({ length: 10 }, () => 0.1), 1],
    ['value_sum', 'gt: 10', [4, '7', -5], 11],
    ['value_sum', 'lt: 10', [4, '7', -5], 6],
    ['value_sum', 'gt: 2', [[1, 2], 'none'], 3],
    ['value_avg', 'gt: 2', [1, 2, 6], 3],
    ['value_avg', 'lte: 0.25', [0.1, 0.4], 0.25],
    ['value_median', 'gte: 1', [1, 9, 2], 2],
    ['value_median', 'gte: 1', [1, 2, 3, 10], 2.5],
    ['value_percentile', 'percentile: 90, gte: 1', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].slice(0, 10), 9.1],
    ['value_percentile', 'percentile: 0, gte: 1', [3, 1, 2], 1],
    ['value_percentile', 'percentile: 100, gte: 1', [3, 1, 2], 3],
  ])('%s with %s over %j is %s', async (type, condition, list, expected) => {
    expect(await figure(body(type, condition), numbers(...list))).toEqual([expected])
  })

  it('do not count what has no number', async () => {
    expect(await findings(body('value_avg', 'lt: 5'), numbers('many', null, {}, true, '0x10', 1e19))).toEqual([])
    expect(await figure(body('value_avg', 'lt: 5'), numbers('many', 4))).toEqual([4])
  })

  it('fire at once for a sum that is exceeded, and at the end of the window for the rest', async () => {
    expect(windowsOf(await findings(body('value_sum', 'gt: 5'), numbers(3, 3)))).toEqual(['ann 0-10'])
    expect(windowsOf(await findings(body('value_avg', 'gt: 1'), [{ at: 3, what: 'a', user: 'ann', n: 3 }]))).toEqual(['ann 3-13'])
  })
})

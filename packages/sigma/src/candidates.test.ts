import { describe, expect, it } from 'vitest'
import { ruleOf } from '../test/testing.ts'
import { Candidates } from './candidates.ts'
import { EventView, FieldTable } from './view.ts'

/** Which of these detections are picked for a record. */
function picked(detections: readonly object[], record: object): number[] {
  const fields = new FieldTable()
  const conditions = detections.map((detection, at) => ({ at, condition: ruleOf({ condition: 'sel', ...detection }).condition }))
  const candidates = new Candidates(conditions, fields)
  const view = new EventView(fields)
  view.reset(record)
  const out: number[] = []
  candidates.collect(view, out)
  return [...new Set(out)].sort((a, b) => a - b)
}

describe('the candidates for an event', () => {
  it('are those whose words it has, whatever their case', () => {
    const detections = [{ sel: { name: 'A' } }, { sel: { name: ['b', 'A'] } }, { sel: { name: 'c' } }, { sel: { n: 5 } }]
    expect(picked(detections, { name: 'a' })).toEqual([0, 1])
    expect(picked(detections, { name: ['C', 'x'], n: '5' })).toEqual([2, 3])
    expect(picked(detections, {})).toEqual([])
  })

  it.each([
    { sel: { name: ['a', 'b*'] } },
    { sel: { 'name|contains': 'a' } },
    { sel: { 'name|cased': 'a' } },
    { sel: { 'name|neq': 'a' } },
    { sel: { name: null } },
    { sel: ['a'] },
    { sel: [{ name: 'a' }, { other: 'a' }] },
    { sel: [{ name: 'a' }, { 'name|re': 'a' }] },
    { sel: { name: 'a' }, condition: 'not sel' },
    { sel: { name: 'a' }, two: { other: 'a' }, condition: 'sel or two' },
    { sel: { name: 'a' }, two: { name: 'a' }, condition: 'sel or not two' },
  ])('always are those that need no word: %j', detection => {
    expect(picked([detection], {})).toEqual([0])
  })

  it.each([
    [{ sel: [{ name: 'a' }, { name: 'b', other: 'x' }] }, { name: 'b' }],
    [{ sel: { 'name|all': ['a', 'b*'] } }, { name: 'a' }],
    [{ sel: { name: 'a' }, two: { name: 'b' }, condition: '1 of them' }, { name: 'b' }],
    [{ sel: { name: 'a' }, two: { name: 'b' }, condition: 'sel and not two' }, { name: 'a' }],
    [{ sel: { 'name|contains': 'x', other: 'y' } }, { other: 'y' }],
  ])('are found through what every way to match needs: %j', (detection, record) => {
    expect(picked([detection], record)).toEqual([0])
    expect(picked([detection], { name: 'none' })).toEqual([])
  })

  it('are found by the word that fewest rules share', () => {
    const detections = ['a', 'b', 'c'].map(name => ({ sel: { source: 'same', name } }))
    expect(picked(detections, { source: 'same', name: 'b' })).toEqual([1])
  })
})

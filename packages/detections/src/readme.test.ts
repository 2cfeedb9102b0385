import { readFile } from 'node:fs/promises'
import { linkRules } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { detectors } from './detectors/index.ts'
import { loadPack } from './pack.ts'
import { detectionTable, listed, withTable } from './readme.ts'

const set = linkRules([await loadPack()])
const detections = [...set.rules, ...set.correlations, ...detectors]

describe('the README', () => {
  it('lists every detection as it is; `node packages/detections/build/readme.ts` writes the table anew', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    expect(readme).toBe(withTable(readme, detectionTable([...listed(set), ...detectors])))
  })

  it('needs the marks of its table', () => {
    expect(() => withTable('no table', '')).toThrow(/marks/)
  })
})

describe('ids and titles', () => {
  it('name one detection each', () => {
    for (const key of ['id', 'title'] as const)
      expect(new Set(detections.map(({ meta }) => meta[key])).size).toBe(detections.length)
  })
})

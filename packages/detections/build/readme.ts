import { readFile, writeFile } from 'node:fs/promises'
import { linkRules } from '@weir/sigma'
import { detectors, loadPack } from '../src/index.ts'
import { detectionTable, listed, withTable } from '../src/readme.ts'

// Writes the table of detections into the README: node packages/detections/build/readme.ts
const at = new URL('../README.md', import.meta.url)
const set = linkRules([await loadPack()])
await writeFile(at, withTable(await readFile(at, 'utf8'), detectionTable([...listed(set), ...detectors])))

import { readFile, writeFile } from 'node:fs/promises'
import { detectors, loadPack } from '../src/index.ts'
import { detectionTable, withTable } from '../src/readme.ts'

// Writes the table of detections into the README: node packages/detections/build/readme.ts
const at = new URL('../README.md', import.meta.url)
const { rules } = await loadPack()
await writeFile(at, withTable(await readFile(at, 'utf8'), detectionTable([...rules, ...detectors])))

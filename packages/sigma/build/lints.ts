import { readFile, writeFile } from 'node:fs/promises'
import { withLintTable } from '../src/lint/readme.ts'

// Writes the table of lints into the README: node packages/sigma/build/lints.ts
const at = new URL('../README.md', import.meta.url)
await writeFile(at, withLintTable(await readFile(at, 'utf8')))

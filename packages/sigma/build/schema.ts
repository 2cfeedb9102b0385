import { mkdir, writeFile } from 'node:fs/promises'
import { SCHEMAS } from '../src/schema/index.ts'

// Writes schema/*.json, which editors read: node packages/sigma/build/schema.ts
const folder = new URL('../schema/', import.meta.url)
await mkdir(folder, { recursive: true })
for (const [name, schema] of Object.entries(SCHEMAS))
  await writeFile(new URL(`${name}.schema.json`, folder), `${JSON.stringify(schema, null, 2)}\n`)

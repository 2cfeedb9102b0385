import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram } from './bundle.ts'
import { sideFiles } from './side.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-side-'))
  await writeFile(
    at('main.ts'),
    "void import('./rare.ts').then(({ rare }) => console.log(rare('main')))\nvoid import('./often.ts').then(({ often }) => console.log(often))\n",
  )
  await writeFile(at('rare.ts'), 'export const rare = (who: string): string => `rare words for ${who}`\n')
  await writeFile(at('often.ts'), "export const often = 'frequent words'\n")
})
afterAll(() => rm(folder, { recursive: true }))

describe('a side file', () => {
  it('is no part of the recorder, which loads it by require when it is used', async () => {
    const plugins = [sideFiles([{ source: at('rare.ts'), file: 'weir/rare.cjs', maxBytes: 1_000 }])]
    const main = await bundleProgram(at('main.ts'), { plugins })
    const text = Buffer.from(main).toString()
    expect(text).toContain('frequent words')
    expect(text).not.toContain('rare words')
    expect(text).toContain('require("./rare.cjs")')
    await writeFile(at('main.cjs'), main)
    await writeFile(at('rare.cjs'), await bundleProgram(at('rare.ts')))
    const { stdout } = await promisify(execFile)(process.execPath, [at('main.cjs')])
    expect(stdout.trim().split('\n').toSorted()).toEqual(['frequent words', 'rare words for main'])
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram } from './bundle.ts'
import { sharedByMain, sideFiles } from './side.ts'

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

  it('has from the first file what that one exports, and no copy', async () => {
    await writeFile(at('common.ts'), "export const common = { words: 'common words' }\nexport const own = 1\n")
    await writeFile(
      at('first.ts'),
      "export { common } from './common.ts'\nvoid import('./second.ts').then(({ same }) => same())\n",
    )
    await writeFile(
      at('second.ts'),
      "import { common } from './common.ts'\nexport const same = () => console.log(require('./first.cjs').common === common)\n",
    )
    const shared = sharedByMain(at('first.ts'), './first.cjs')
    const second = await bundleProgram(at('second.ts'), { plugins: [shared] })
    expect(Buffer.from(second).toString()).not.toContain('common words')
    await writeFile(at('second.cjs'), second)
    const plugins = [sideFiles([{ source: at('second.ts'), file: 'weir/second.cjs', maxBytes: 1_000 }])]
    await writeFile(at('first.cjs'), await bundleProgram(at('first.ts'), { plugins }))
    const { stdout } = await promisify(execFile)(process.execPath, [at('first.cjs')])
    expect(stdout).toBe('true\n')
    await writeFile(at('third.ts'), "import { own } from './common.ts'\nconsole.log(own)\n")
    await expect(bundleProgram(at('third.ts'), { plugins: [shared] })).rejects.toThrow(/No matching export/)
  })
})

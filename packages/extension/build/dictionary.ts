import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'

/** What `batch/dictionary.ts` of the schema exports: the preset dictionaries by id, and which one is written with. */
interface Dictionaries {
  readonly DICTIONARIES: ReadonlyMap<number, Uint8Array>
  readonly CURRENT_DICTIONARY: number
}

/** Where it stands in the layer, beside the bundle. */
export const DICTIONARY_FILE = 'weir/dictionary'

const load = (url: string): Promise<Dictionaries> => import(url)
const source = new URL('./batch/dictionary.ts', import.meta.resolve('@weir/schema'))

/** The bytes of the dictionary that batches are written with. They are part of the wire. */
export async function dictionary(): Promise<Uint8Array> {
  const { DICTIONARIES, CURRENT_DICTIONARY } = await load(source.href)
  return DICTIONARIES.get(CURRENT_DICTIONARY) ?? new Uint8Array()
}

/** Leaves the dictionary out of the bundle: it is no code, and is read for the first batch, which is long after the start. */
export const dictionaryBeside: Plugin = {
  name: 'dictionary-beside',
  setup(build) {
    build.onLoad({ filter: /[\\/]batch[\\/]dictionary\.ts$/ }, async ({ path }) => {
      const { CURRENT_DICTIONARY } = await load(pathToFileURL(path).href)
      return {
        contents: `import { readFileSync } from 'node:fs'
          let bytes
          export const CURRENT_DICTIONARY = ${CURRENT_DICTIONARY}
          export const DICTIONARIES = { get: () => (bytes ??= readFileSync(__dirname + '/dictionary')) }`,
      }
    })
  },
}

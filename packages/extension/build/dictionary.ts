import { pathToFileURL } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import type { Plugin } from 'esbuild'

/** What `batch/dictionary.ts` of the schema exports: the preset dictionaries by id, and which one is written with. */
interface Dictionaries {
  readonly DICTIONARIES: ReadonlyMap<number, Uint8Array>
  readonly CURRENT_DICTIONARY: number
}

/**
 * Puts the dictionary that batches are written with into the bundle compressed, half as long as its text, and unpacks it for the first batch.
 * The bytes are the same: they are part of the wire.
 */
export const packedDictionary: Plugin = {
  name: 'packed-dictionary',
  setup(build) {
    build.onLoad({ filter: /[\\/]batch[\\/]dictionary\.ts$/ }, async ({ path }) => {
      const { DICTIONARIES, CURRENT_DICTIONARY: id }: Dictionaries = await import(pathToFileURL(path).href)
      const packed = brotliCompressSync(DICTIONARIES.get(id) ?? '').toString('base64')
      return {
        contents: `import { brotliDecompressSync } from 'node:zlib'
          let text
          export const CURRENT_DICTIONARY = ${id}
          export const DICTIONARIES = { get: () => (text ??= brotliDecompressSync(Buffer.from('${packed}', 'base64'))) }`,
      }
    })
  },
}

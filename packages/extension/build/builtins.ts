import type { Plugin } from 'esbuild'

/**
 * The parts of Node that cost more to load than all of this program, and what is used of each. The bundle loads them where they are first used:
 * the platform waits for our first `next`, and nothing before it needs a hash, a cipher or a compressor. A test holds the list complete.
 */
export const LAZY: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': [
    'createCipheriv',
    'createHash',
    'createHmac',
    'createPrivateKey',
    'createPublicKey',
    'createSecretKey',
    'diffieHellman',
    'randomBytes',
  ],
  'node:tls': ['connect'],
  'node:zlib': ['crc32', 'deflateRawSync'],
}

/** Replaces each import of a module in `LAZY` by an object that loads it when one of its names is read. */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      Object.hasOwn(LAZY, path) && kind === 'import-statement' ? { path, namespace: 'lazy' } : { path, external: true },
    )
    build.onLoad({ filter: /^/, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = { ${(LAZY[path] ?? []).map(name => `get ${name}() { return require('${path}').${name} }`).join(', ')} }`,
    }))
  },
}

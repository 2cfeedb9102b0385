import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Brought, broughtFrom, type Say } from './brought.ts'

export const BUN_VERSION = '1.4.5'

/** Bun's own list of what it links and embeds, with each licence and where the source is: its npm packages for Linux have none, its types do. */
const BUNS_OWN: Brought = {
  name: 'bun-types',
  version: BUN_VERSION,
  integrity: 'sha512-ECHn+9dhL3wv0G6u0+7dQvrnaimXiRDxxerYBmhTaLyJEEuvTPWk2Fye3XIf5Y++JIIiHKfQw4Z7V5D8KuiXbg==',
  files: ['docs/project/license.mdx'],
}
/** The texts of the licences that it names. */
const NAMED = [
  'MIT',
  'LGPL-2.0-only',
  'LGPL-2.1-only',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'IJG',
  'OpenSSL',
  'Unicode-3.0',
  'Zlib',
]
const TEXTS: Brought = {
  name: 'spdx-license-list',
  version: '6.12.0',
  integrity: 'sha512-+nUYqm3aZMSHbjsthK+i/HHI2okTElCvqwUd4k8QcSk+FTGgjq+fsdFj2wZOaX6XmR2JdWhf/NeflNnvKOjcnQ==',
  files: NAMED.map(id => `licenses/${id}.json`),
}

const NOTICE = `The file "weir" beside this one is two programs in one:

- Weir's extension, Apache-2.0 (weir/LICENSE of the extension's layer). Its source is Weir's repository, packages/extension and packages/schema.
- Bun ${BUN_VERSION} for Linux, unchanged, as npm has it. Bun is MIT. Its source is https://github.com/oven-sh/bun at bun-v${BUN_VERSION}.

Bun uses JavaScriptCore of WebKit, and TinyCC, which are covered by the GNU Library and Lesser General Public Licenses 2 and 2.1, and are linked into
it. Their source is https://github.com/oven-sh/WebKit, at the commit that Bun's source names in WEBKIT_VERSION, and https://github.com/oven-sh/tinycc.
You may change them and use the result here: build Bun from that source as its own notice below says, and compile Weir's extension with it,
"bun build --compile", from packages/extension/src/main-bun.ts, as packages/extension/build/runtime.ts does. Taking the program apart to find out
how it works with your changes is permitted.

What follows is Bun's list of what is in it, and then the text of each licence named there. Where a licence asks for a copyright line, it stands in
the source that the list links to.
`

/** The notice that travels with the program of the runtime layer. Throws RuntimeError where the texts cannot be had. */
export async function runtimeLicences(say: Say): Promise<Uint8Array> {
  const [own, texts] = [await broughtFrom(BUNS_OWN, say), await broughtFrom(TEXTS, say)]
  const rule = `\n${'='.repeat(80)}\n\n`
  const parts = [NOTICE, await readFile(join(own, 'docs/project/license.mdx'), 'utf8')]
  for (const id of NAMED) {
    const { name, licenseText } = JSON.parse(await readFile(join(texts, `licenses/${id}.json`), 'utf8')) as {
      readonly name: string
      readonly licenseText: string
    }
    parts.push(`${id}: ${name}\n\n${licenseText.trim()}\n`)
  }
  return Buffer.from(parts.join(rule))
}

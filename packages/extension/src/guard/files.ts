import fs from 'node:fs'
import { resolve } from 'node:path'
import type { Sight } from './sight.ts'
import { around } from './wrap.ts'

/** Files that hold credentials, or other people's memory. What a function has no business with, and what thieves try first. */
const SENSITIVE: readonly (readonly [what: string, path: RegExp])[] = [
  ['environment', /^\/proc\/[\w-]+\/(?:task\/\d+\/)?environ$/],
  ['memory', /^\/proc\/[\w-]+\/(?:task\/\d+\/)?mem$/],
  ['aws', /\/\.aws\/(?:credentials|config|sso\/cache\/|cli\/cache\/)/],
  ['ssh', /\/\.ssh\/|\/etc\/ssh\/ssh_host_/],
  ['package-registry', /\/\.(?:npmrc|yarnrc(?:\.yml)?|pypirc)$/],
  ['git', /\/\.(?:git-credentials|netrc)$/],
  ['docker', /\/\.docker\/config\.json$/],
  ['kubernetes', /\/\.kube\/config$|\/serviceaccount\/token$/],
  ['gcloud', /\/\.config\/gcloud\//],
  ['azure', /\/\.azure\/(?:msal_token_cache|accessTokens)/],
]
/** What every one of these has in it: most paths are done with after this. */
const LIKELY =
  /\/(?:environ|mem)$|\.(?:aws|ssh|npmrc|yarnrc|pypirc|git-cred|netrc|docker|kube|config|azure)|\/(?:ssh|serviceaccount)\//
const MAX_PATH = 512

/** Reads of such files, by every function of `fs` that opens one. A path through a link of another name is not known as what it leads to. */
export function watchFiles(sight: Sight): void {
  const opening = ([path]: readonly unknown[]) => {
    const text = typeof path === 'string' ? path : textOf(path)
    if (text.length > MAX_PATH || !LIKELY.test(text)) return
    const file = resolve(text)
    const what = sensitive(file)
    if (what !== undefined) sight.oncePerCaller('read', file, { what, path: file })
  }
  for (const name of ['readFile', 'readFileSync', 'open', 'openSync', 'createReadStream', 'copyFile', 'copyFileSync'])
    around(fs, name, opening)
  for (const name of ['readFile', 'open', 'copyFile']) around(fs.promises, name, opening)
}

/** What a file of this absolute path is, where it is one of those. */
export const sensitive = (path: string): string | undefined => SENSITIVE.find(([, pattern]) => pattern.test(path))?.[0]

/** Paths may be URLs and bytes too; a number is a file that is open. */
function textOf(path: unknown): string {
  if (path instanceof URL) return path.pathname
  return Buffer.isBuffer(path) ? path.toString('latin1') : ''
}

import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const RULE = `
title: A function's code is overwritten
logsource: {product: aws, service: cloudtrail}
detection:
  sel: {eventName|startswith: UpdateFunctionCode, userIdentity.arn|re: ':user/[a-z]+$'}
  condition: sel
`

/** What a page's strict Content-Security-Policy leaves: the language, no Node, and no code made from text. */
function browserLike(): object {
  return createContext({ TextEncoder, TextDecoder, URL, structuredClone }, { codeGeneration: { strings: false, wasm: false } })
}

it('the Sigma engine, its YAML parser included, runs in a browser under a policy without eval', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createEngine, linkRules, parseRules } from '@weir/sigma'
        globalThis.run = (text, record) => {
          const { rules, refused } = linkRules([parseRules(text, 'rule.yml')])
          const matches = createEngine(rules).match({ logsource: { product: 'aws', service: 'cloudtrail' }, record, ocsf: {} })
          return JSON.stringify({ refused, matched: matches.map(match => match.selections) })
        }`,
      resolveDir: import.meta.dirname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'browser', // a Node module anywhere in the graph fails the build
    target: 'es2023',
    logLevel: 'silent',
  })
  const context = browserLike()
  runInContext(outputFiles[0]?.text ?? '', context)
  const run = (record: object): unknown =>
    JSON.parse(String(runInContext(`run(${JSON.stringify(RULE)}, ${JSON.stringify(record)})`, context)))
  const arn = 'arn:aws:iam::111122223333:user/mallory'
  expect(run({ eventName: 'UpdateFunctionCode20150331v2', userIdentity: { arn } })).toEqual({ refused: [], matched: [['sel']] })
  expect(run({ eventName: 'GetFunction', userIdentity: { arn } })).toEqual({ refused: [], matched: [] })
  expect(() => runInContext("new Function('return 1')", context)).toThrow(/[Cc]ode generation/)
})

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Sink } from '../sink.ts'
import { sinks } from './index.ts'
import { transportOf } from './options.ts'

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
const all = sinks as unknown as Readonly<Record<string, Sink<object>>>

describe('the table of sinks', () => {
  it('has every sink file under its own name', () => {
    const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    const names = files.map(name => name.replace(/\.ts$/, '')).filter(name => name !== 'index' && name !== 'options')
    expect(names.sort()).toEqual(Object.keys(sinks).sort())
    for (const [name, sink] of Object.entries(all)) expect(sink.name).toBe(name)
  })

  it('is the table of the README', () => {
    for (const { name, summary } of Object.values(all)) expect(readme).toContain(`| \`${name}\` | ${summary} |`)
  })
})

describe('the README’s samples', () => {
  const samples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text]) => parse(text ?? '') as { sinks: Record<string, unknown>[] },
  )
  it('cover every sink, and are valid', () => {
    const seen = new Set<string>()
    for (const { sinks: list } of samples) {
      for (const { name: _, type, route: __, ...options } of list) {
        const parsed = all[String(type)]?.options.safeParse(options)
        expect(parsed?.error?.issues ?? [], String(type)).toEqual([])
        expect(parsed?.success, String(type)).toBe(true)
        seen.add(String(type))
      }
    }
    expect(seen).toEqual(new Set(Object.keys(sinks)))
  })
})

describe('transportOf', () => {
  it('reads the common options of any sink, and gives a local one the defaults', () => {
    const given = sinks.splunk.options.parse({
      url: 'https://h',
      token: 'env:T',
      timeoutMs: 5000,
      compression: 'none',
      ca: 'file:/ca.pem',
    })
    expect(transportOf(given)).toEqual({ timeoutMs: 5000, compression: 'none', ca: 'file:/ca.pem', allowPrivateNetwork: false })
    expect(transportOf({ path: 'x' })).toEqual({ timeoutMs: 10_000, compression: 'none', allowPrivateNetwork: false })
  })
})

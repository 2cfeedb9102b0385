import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { DATA, noData } from '../../test/testing.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { toValue, YAML_OPTIONS } from './yaml.ts'

/** What the library makes of a text; undefined when it is not one sound document. */
function library(text: string): unknown {
  const documents = parseAllDocuments(text, YAML_OPTIONS)
  const [document] = documents
  if (documents.length !== 1 || !document || document.errors.length > 0) return undefined
  try {
    return toValue(document)
  } catch {
    return undefined
  }
}

const RULE = `# a comment
title: A rule # and another
id: 5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a01
description: |
    First line: with a colon

      indented, # no comment
references:
    - https://example.com/a#b
date: 2026-01-05
logsource:
    product: test
detection:
    selection:
        - Image|endswith:
            - '\\a.exe'
            - 'it''s'
          '|all': 5
        -   count: -12
            open:
    list:
    - plain text, with [brackets]
    - "quoted"
    - true
    - ~
    condition: selection and not 1 of filter_*
level: high
`

const agrees = (text: string): boolean => {
  const read = readPlainYaml(text)
  if (read) expect(read.value).toStrictEqual(library(text))
  return read !== undefined
}

describe('readPlainYaml', () => {
  it('reads what rules are written in as the library does', () => {
    expect(agrees(RULE)).toBe(true)
    expect(readPlainYaml(RULE)?.lines.get('id')).toBe(3)
  })

  it('leaves to the library what it does not know', () => {
    const others = ['a: [b]\n', 'a: {b: c}\n', 'a: &x b\n', 'a: !!str b\n', 'a: >\n  b\n', 'a: b\n  c\n', 'a: "\\n"\n', '- a\n']
    const wrong = [
      'a: b: c\n',
      'a: 1\na: 2\n',
      'a:\n  b: 1\n c: 2\n',
      'a: b',
      'a:\tb\n',
      'a: 01\n',
      'a: 1.5\n',
      '__proto__: a\n',
      '',
    ]
    for (const text of [...others, ...wrong, 'a: 1\n---\nb: 2\n', 'null: a\n']) expect(readPlainYaml(text), text).toBeUndefined()
  })

  it('answers as the library does, or not at all, whatever the text', () => {
    const piece = fc.constantFrom(
      'a:',
      'b:',
      "'c d':",
      'e|all:',
      ' ',
      '  ',
      '    ',
      '\n',
      '\n',
      '\n  ',
      '\n    ',
      '- ',
      '-',
      'x',
      'y z',
      '#',
      ' # c',
      "'",
      "''",
      '"',
      '|',
      '|-',
      '>',
      ': ',
      ':',
      '5',
      '-5',
      '0',
      '.5',
      'true',
      'null',
      '~',
      '[',
      ']',
      '{',
      '}',
      ',',
      '*',
      '&',
      '!',
      '%',
      '---',
      '...',
      '?',
      '\\',
      '=',
      '\u00a0',
      '\u2028',
      'é',
    )
    let sure = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), pieces => {
        if (agrees(`${pieces.join('')}\n`)) sure++
      }),
      { numRuns: 6_000 },
    )
    fc.assert(
      fc.property(
        fc.nat(RULE.length),
        fc.nat(8),
        fc.oneof(
          fc.string({ maxLength: 3 }),
          fc.array(piece, { maxLength: 3 }).map(all => all.join('')),
        ),
        (at, cut, text) => {
          if (agrees(RULE.slice(0, at) + text + RULE.slice(at + cut))) sure++
        },
      ),
      { numRuns: 2_000 },
    )
    expect(sure).toBeGreaterThan(300)
  })

  it.skipIf(noData)('reads most rules of SigmaHQ', () => {
    const files = readdirSync(`${DATA}sigma/rules`, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.yml'))
    const texts = files.map(name => readFileSync(`${DATA}sigma/rules/${name}`, 'utf8'))
    const plain = texts.filter(agrees).length
    process.stdout.write(`SigmaHQ: ${plain} of ${texts.length} rules are plain YAML\n`)
    expect(plain).toBeGreaterThan(0.8 * texts.length)
  })
})

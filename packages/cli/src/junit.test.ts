import { describe, expect, it } from 'vitest'
import { junit } from './junit.ts'
import { parseXml } from './testing/xml.ts'

describe('junit', () => {
  it('writes suites, cases and failures as XML that a strict reader takes', () => {
    const xml = junit('weir rules test', [
      {
        name: 'a.yml',
        cases: [
          { name: 'passes', group: 'A rule' },
          { name: 'fails', group: 'A rule', file: 'a.cases.yml', line: 3, failure: 'expected a match\n  because' },
          { name: 'says', group: 'A rule', output: 'one hit' },
        ],
      },
      { name: 'b.yml', cases: [] },
    ])
    expect(parseXml(xml)).toEqual({
      name: 'testsuites',
      attributes: { name: 'weir rules test', tests: '3', failures: '1' },
      children: [
        {
          name: 'testsuite',
          attributes: { name: 'a.yml', tests: '3', failures: '1' },
          children: [
            { name: 'testcase', attributes: { name: 'passes', classname: 'A rule' }, children: [] },
            {
              name: 'testcase',
              attributes: { name: 'fails', classname: 'A rule', file: 'a.cases.yml', line: '3' },
              children: [
                { name: 'failure', attributes: { message: 'expected a match' }, children: ['expected a match\n  because'] },
              ],
            },
            {
              name: 'testcase',
              attributes: { name: 'says', classname: 'A rule' },
              children: [{ name: 'system-out', attributes: {}, children: ['one hit'] }],
            },
          ],
        },
        { name: 'testsuite', attributes: { name: 'b.yml', tests: '0', failures: '0' }, children: [] },
      ],
    })
  })

  it('holds any text, and what XML cannot hold, or a terminal would obey, becomes a replacement character', () => {
    const nasty = '<a b="c">&amp; ]]> \u0000\u001b[31m\u009b1m \ud800 \ufffe 😀\ttab\r\nline'
    const { children } = parseXml(
      junit(nasty, [{ name: nasty, cases: [{ name: nasty, group: nasty, failure: nasty, output: nasty }] }]),
    )
    const kept = '<a b="c">&amp; ]]> \ufffd\ufffd[31m\ufffd1m \ufffd \ufffd 😀\ttab\r\nline'
    expect(children).toMatchObject([
      {
        attributes: { name: kept },
        children: [
          {
            attributes: { name: kept, classname: kept },
            children: [{ attributes: { message: kept.split('\n')[0] }, children: [kept] }, { children: [kept] }],
          },
        ],
      },
    ])
  })
})

describe('parseXml', () => {
  it.each([
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a b=c/>',
    '<a b="1" b="2"/>',
    '<a b="<"/>',
    '<a>&nbsp;</a>',
    '<a>&</a>',
    '<a>]]></a>',
    '<a>\u0001</a>',
    '<a>&#0;</a>',
    'x<a/>',
  ])('refuses %j, which is no XML', text => {
    expect(() => parseXml(text)).toThrow(/XML/)
  })
})

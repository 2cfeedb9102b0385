// Random rules and events of few names and words, so that they often match.
import * as fc from 'fast-check'

export type Body = { readonly [field: string]: unknown }

const names = ['a', 'b', 'a.b', 'b.a', 'a.b.a'] as const
const word = fc.constantFrom(
  '',
  'x',
  'X',
  'xy',
  'y*',
  '*x',
  'x?',
  '*x*y*',
  '5',
  '-x',
  '1.5',
  'true',
  'needle',
  'a needle in hay',
  'ſ',
  'İx',
  'x😀',
)
const part = fc.constantFrom(
  'needle',
  'hay',
  'in',
  'X',
  'xy',
  'a needle in hay',
  'edle in h',
  '/x',
  '.exe',
  'é',
  '日本',
  '😀',
  '-x y',
)
const scalar = fc.oneof(word, fc.constantFrom(5, 1.5, 0, true, false))
const expression = fc.constantFrom('need.e', '^x', 'x|y', 'h[ae]y$', '(?i)NEEDLE', 'in\\b', '(a|in) h', 'x{2,}|needle')
const values = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> => fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 10 }))
const key = (...modifiers: string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...modifiers), fc.constantFrom('', '', '', '|all', '|neq', '|neq|all'))
    .map(parts => parts.join(''))
const entry = fc.oneof(
  fc.tuple(key(''), values(scalar)),
  fc.tuple(key(''), fc.constant(null)),
  fc.tuple(
    key('|contains', '|startswith', '|endswith', '|cased', '|windash', '|contains|windash', '|contains|cased'),
    values(fc.oneof(word, part)),
  ),
  fc.tuple(key('|lt', '|lte', '|gt', '|gte'), values(fc.constantFrom(0, 1.5, 5))),
  fc.tuple(key('|exists'), fc.boolean()),
  fc.tuple(key('|re', '|re|i'), values(expression)),
  fc.tuple(key('|base64offset|contains'), fc.constantFrom('xyz', 'needle')),
  fc.tuple(key('|cidr'), fc.constantFrom('10.0.0.0/8', '::/0')),
  fc.tuple(key('|fieldref'), fc.constantFrom(...names)),
)
const map = fc.array(entry, { minLength: 1, maxLength: 3 }).map(entries => Object.fromEntries(entries))
const keyword = fc.constantFrom('x', 'xy', 'x?', 'X*y', 5, 'needle', 'hay', 'in*hay')

/** What stands under a search identifier. */
export const detection = fc.oneof(
  map,
  map,
  fc.array(fc.oneof(map, keyword), { minLength: 1, maxLength: 3 }),
  fc.record({ '|all': fc.array(keyword, { minLength: 1, maxLength: 3 }) }),
)

/** A condition over `s1`, `s2` and `s3`. */
export const condition = fc.letrec<{ tree: string }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('s1', 's2', 's3', '1 of s*', 'all of them', '1 of *2', 's1 and not s2', 's1 or s1 and s3'),
    tie('tree').map(tree => `not ${tree}`),
    fc.tuple(tie('tree'), fc.constantFrom('and', 'or'), tie('tree')).map(parts => `(${parts.join(' ')})`),
  ),
})).tree

const leaf = fc.oneof(
  fc.constantFrom<unknown>('', 'x', 'XY', 'yz', 'ax', 'ayxby', '/x', '5', '1.5', 'TRUE', 5, 1.5, 0, -1, true, false, null),
  fc.constantFrom<unknown>(
    'Needle',
    'a NEEDLE in hay',
    'some needle in the hay',
    'hay',
    'İX',
    'x.EXE',
    'bmVlZGxl',
    '10.1.2.3',
    '日本語 é',
    'ſ',
    // Half a surrogate pair is in no rule, and may be in an event.
    'x\ud83d',
    '\ude00x',
    'a needle in \ud83d hay',
    'x😀',
  ),
  fc.array(part, { minLength: 2, maxLength: 5 }).map(parts => parts.join(' ')),
)

/** One body of an event; keys may hold dots, arrays and objects may nest. */
export const body = fc.letrec<{ value: unknown; object: Body }>(tie => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'a.b', 'b.a', '__proto__'), tie('value'), { maxKeys: 3 }) as fc.Arbitrary<Body>,
})).object

export const logsource = fc.record(
  { product: fc.constantFrom('p', 'q'), service: fc.constantFrom('s', 't'), category: fc.constantFrom('c') },
  { requiredKeys: ['product'] },
)

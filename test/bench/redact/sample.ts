/** What is left of an expression to be read. */
interface Reader {
  readonly text: string
  at: number
}

type Random = () => number

const span = (from: string, to: string): string[] =>
  Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, each) => String.fromCharCode(from.charCodeAt(0) + each))
const PRINTED = span(' ', '~')
const DIGITS = span('0', '9')
const WORD = [...span('a', 'z'), ...span('A', 'Z'), ...DIGITS, '_']
const ESCAPED: Readonly<Record<string, readonly string[]>> = {
  d: DIGITS,
  w: WORD,
  s: [' '],
  S: WORD,
  W: [' '],
  n: ['\n'],
  r: ['\r'],
  t: ['\t'],
  b: [''],
  z: [''],
}
/** A repetition without a bound, or with a wide one, is made this much longer than its least at most. */
const MORE = 3

/**
 * A text that an expression in the syntax of RE2 matches: classes, groups, alternatives, repetitions. Anchors are taken for granted and flags are
 * passed over, so that not each text is one; whoever uses it checks.
 */
export function sample(expression: string, random: Random): string {
  return alternatives({ text: expression, at: 0 }, random)
}

const pick = <T>(items: readonly T[], random: Random): T => items[Math.floor(random() * items.length)] as T

function alternatives(reader: Reader, random: Random): string {
  const all = [sequence(reader, random)]
  for (; reader.text[reader.at] === '|'; all.push(sequence(reader, random))) reader.at++
  return pick(all, random)
}

function sequence(reader: Reader, random: Random): string {
  let result = ''
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at] ?? '')) {
    const begin = reader.at
    let part = atom(reader, random)
    const end = reader.at
    const times = repetition(reader, random)
    // Each time anew: otherwise a token would be one character many times.
    for (let time = 0; time < times; time++) {
      if (time > 0) part = atom({ text: reader.text.slice(0, end), at: begin }, random)
      result += part
    }
  }
  return result
}

function repetition(reader: Reader, random: Random): number {
  const [all, sign, least = '1', comma, most] = /^(?:([?*+])|\{(\d+)(,)?(\d*)\})?\??/.exec(reader.text.slice(reader.at)) ?? []
  if (!all) return 1
  reader.at += all.length
  const from = sign ? Number(sign === '+') : Number(least)
  const to = sign === '?' ? 1 : sign || (comma && !most) ? from + MORE : comma ? Math.min(Number(most), from + MORE) : from
  return from + Math.floor(random() * (to - from + 1))
}

function atom(reader: Reader, random: Random): string {
  const char = reader.text[reader.at++] ?? ''
  if (char === '(') return group(reader, random)
  if (char === '[') return pick(members(reader), random)
  if (char === '.') return pick(WORD, random)
  if (char === '^' || char === '$') return ''
  return char === '\\' ? pick(escape(reader), random) : char
}

function group(reader: Reader, random: Random): string {
  const [flags = ''] = /^\?(?:P?<\w+>|[a-zA-Z-]*:?)/.exec(reader.text.slice(reader.at)) ?? []
  reader.at += flags.length
  // Flags alone, `(?i)`, hold to the end of the group around.
  const text = flags && !/[:>]$/.test(flags) ? '' : alternatives(reader, random)
  reader.at++
  return text
}

function escape(reader: Reader): readonly string[] {
  const char = reader.text[reader.at++] ?? ''
  if (char !== 'x') return ESCAPED[char] ?? [char]
  reader.at += 2
  return [String.fromCharCode(Number.parseInt(reader.text.slice(reader.at - 2, reader.at), 16))]
}

function members(reader: Reader): readonly string[] {
  const isNot = reader.text[reader.at] === '^'
  if (isNot) reader.at++
  const all: string[] = []
  for (let first = true; first || reader.text[reader.at] !== ']'; first = false) {
    const named = /^\[:(\w+):\]/.exec(reader.text.slice(reader.at))
    if (named) {
      reader.at += named[0].length
      all.push(...(named[1] === 'digit' ? DIGITS : WORD))
      continue
    }
    const char = reader.text[reader.at++] ?? ''
    const some = char === '\\' ? escape(reader) : [char]
    if (reader.text[reader.at] === '-' && reader.text[reader.at + 1] !== ']' && some.length === 1) {
      reader.at++
      all.push(...span(some[0] ?? '', reader.text[reader.at++] ?? ''))
    } else all.push(...some)
  }
  reader.at++
  return isNot ? PRINTED.filter(each => !all.includes(each)) : all
}

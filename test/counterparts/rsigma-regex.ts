/**
 * A text that a regular expression finds, or undefined where the expression uses what is not known here (look-around, back references,
 * properties). `choose(n)` picks one of n ways: alternatives, members of a class, how often. Nothing is promised; the engines say whether it holds.
 */
export function textFor(source: string, choose: (count: number) => number): string | undefined {
  const state: State = { source, at: 0, choose }
  try {
    const text = alternatives(state)
    return state.at === source.length ? text : undefined
  } catch (error) {
    if (error instanceof Unknown) return undefined
    throw error
  }
}

interface State {
  readonly source: string
  at: number
  choose(count: number): number
}

class Unknown extends Error {}

/** What an escape of a class stands for. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '4',
  w: 'k',
  s: ' ',
  D: 'x',
  W: '-',
  S: 'z',
  b: '',
  B: '',
  A: '',
  z: '',
  Z: '',
}
const CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', '0': '\0' }

function alternatives(state: State): string {
  const found = [sequence(state)]
  while (state.source[state.at] === '|') {
    state.at++
    found.push(sequence(state))
  }
  return found[state.choose(found.length)] ?? ''
}

function sequence(state: State): string {
  let text = ''
  while (state.at < state.source.length && state.source[state.at] !== '|' && state.source[state.at] !== ')') {
    const one = atom(state)
    text += one.repeat(times(state))
  }
  return text
}

function atom(state: State): string {
  const char = state.source[state.at++] ?? ''
  if (char === '.') return 'q'
  if (char === '^' || char === '$') return ''
  if (char === '[') return member(state)
  if (char === '\\') return escape(state)
  if (char !== '(') return char
  if (state.source[state.at] === '?') {
    const opening = /^\?(?:[ims]+\)|(?:[ims]*:)|P?<\w+>)/.exec(state.source.slice(state.at))
    if (!opening) throw new Unknown()
    state.at += opening[0].length
    if (opening[0].endsWith(')')) return ''
  }
  const text = alternatives(state)
  if (state.source[state.at++] !== ')') throw new Unknown()
  return text
}

function escape(state: State): string {
  const char = state.source[state.at++] ?? ''
  if (char === 'x') {
    const code = /^[0-9a-f]{2}/i.exec(state.source.slice(state.at))
    if (!code) throw new Unknown()
    state.at += 2
    return String.fromCharCode(Number.parseInt(code[0], 16))
  }
  const known = CLASSES[char] ?? CONTROL[char]
  if (known !== undefined) return known
  if (/[a-z1-9]/i.test(char)) throw new Unknown()
  return char
}

function member(state: State): string {
  const negated = state.source[state.at] === '^'
  if (negated) state.at++
  const members: string[] = []
  for (let first = true; first || state.source[state.at] !== ']'; first = false) {
    if (state.at >= state.source.length) throw new Unknown()
    const from = state.source[state.at] === '\\' ? (state.at++, escape(state)) : (state.source[state.at++] ?? '')
    members.push(from)
    if (state.source[state.at] === '-' && state.source[state.at + 1] !== ']') {
      state.at++
      members.push(state.source[state.at] === '\\' ? (state.at++, escape(state)) : (state.source[state.at++] ?? ''))
    }
  }
  state.at++
  if (negated) return ['~', 'q', '7', ' '].find(char => !members.includes(char)) ?? '~'
  return members[state.choose(members.length)] ?? ''
}

function times(state: State): number {
  const found = /^(?:[*+?]|\{(\d*)(,?)(\d*)\})[?+]?/.exec(state.source.slice(state.at))
  if (!found) return 1
  state.at += found[0].length
  if (found[0].startsWith('?') || found[0].startsWith('*')) return state.choose(2)
  if (found[0].startsWith('+')) return 1 + state.choose(2)
  return Math.max(Number(found[1] ?? 0), 0)
}

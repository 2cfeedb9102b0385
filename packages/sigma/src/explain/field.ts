/** What an event holds under one name: an array as its members. */
export interface Held {
  /** Whether the field is there, with whatever value. */
  readonly found: boolean
  readonly hasNull: boolean
  /** The values that are not null. */
  readonly values: readonly unknown[]
}

/** How many names of an event are looked through for one that its author may have meant. */
const NAMES_LIMIT = 5_000
/** How deep a name is followed. */
const DEPTH = 64

/** Reads a field as rules do: a key that holds the dots itself wins, and arrays on the way stand for each of their members. */
export function lookup(root: unknown, name: string): Held {
  const starts = [0, ...Array.from(name.matchAll(/\./g), dot => dot.index + 1)]
  const held = { found: false, hasNull: false, values: [] as unknown[] }
  const stack: { readonly value: unknown; readonly step: number }[] = [{ value: root, step: 0 }]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { value, step } = top
    if (step === starts.length) {
      held.found = true
      if (Array.isArray(value)) pushMembers(stack, value, step)
      else if (value === null || value === undefined) held.hasNull = true
      else held.values.push(value)
    } else if (Array.isArray(value)) pushMembers(stack, value, step)
    else if (isObject(value)) {
      const rest = name.slice(starts[step])
      const next = starts[step + 1]
      const key = next === undefined ? rest : name.slice(starts[step], next - 1)
      if (Object.hasOwn(value, rest)) stack.push({ value: value[rest], step: starts.length })
      else if (Object.hasOwn(value, key)) stack.push({ value: value[key], step: step + 1 })
    }
  }
  return held
}

/** Every text and number of an event with its dotted name: what keywords are searched in. */
export function leaves(root: unknown): readonly { readonly name: string; readonly value: string | number }[] {
  const found: { name: string; value: string | number }[] = []
  for (const { name, value } of walk(root)) {
    if (typeof value === 'string' || typeof value === 'number') found.push({ name, value })
  }
  return found
}

/** Why a field is not there, and which names of the event are nearly its own. */
export function whyMissing(root: unknown, name: string): string {
  const keys = name.split('.')
  for (let length = Math.min(keys.length - 1, DEPTH); length > 0; length--) {
    const prefix = keys.slice(0, length).join('.')
    const { found, values } = lookup(root, prefix)
    if (!found) continue
    const [first] = values
    const rest = keys.slice(length).join('.')
    if (first === undefined) return `the field is missing: ${prefix} holds nothing`
    return `the field is missing: ${prefix} ${isObject(first) ? `has no ${rest}` : 'has no fields'}${similar(root, name)}`
  }
  return `the field is missing${similar(root, name)}`
}

function similar(root: unknown, name: string): string {
  const wanted = name.toLowerCase()
  const last = wanted.slice(wanted.lastIndexOf('.') + 1)
  const near = new Set<string>()
  let seen = 0
  for (const { name: other } of walk(root)) {
    if (++seen > NAMES_LIMIT || near.size === 3) break
    const lower = other.toLowerCase()
    if (other !== name && (lower === wanted || lower.slice(lower.lastIndexOf('.') + 1) === last)) near.add(other)
  }
  return near.size > 0 ? `; the event has ${[...near].join(', ')}` : ''
}

function* walk(root: unknown): Generator<{ readonly name: string; readonly value: unknown }> {
  const stack: { readonly name: string; readonly value: unknown; readonly depth: number }[] = [
    { name: '', value: root, depth: 0 },
  ]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { name, value, depth } = top
    if (depth > 0) yield { name, value }
    if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) stack.push({ name, value: value[i], depth })
    else if (isObject(value)) {
      for (const [key, member] of Object.entries(value).toReversed()) {
        // Below this depth a name is no longer followed, but what it holds is still searched.
        stack.push({ name: depth === 0 ? key : depth < DEPTH ? `${name}.${key}` : name, value: member, depth: depth + 1 })
      }
    }
  }
}

function pushMembers(stack: { value: unknown; step: number }[], array: readonly unknown[], step: number): void {
  for (let i = array.length - 1; i >= 0; i--) stack.push({ value: array[i], step })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

import { fold } from './values.ts'

/** How deep an object is written when it is compared as JSON text; below it stands `null`. */
const JSON_DEPTH = 64

const NOTHING: readonly never[] = []

/** What one event holds under one field name; an array holds as many values as it has members. */
export class Field {
  /** Whether the event has the field, with whatever value. */
  found = false
  hasNull = false
  // New arrays cost less than emptying old ones.
  #values: unknown[] | undefined
  #texts: readonly string[] | undefined
  #folded: readonly string[] | undefined

  clear(): void {
    this.found = false
    this.hasNull = false
    this.#values = undefined
    this.#texts = undefined
    this.#folded = undefined
  }

  /** The values that are not null. */
  get values(): readonly unknown[] {
    return this.#values ?? NOTHING
  }

  /** The values as text: numbers in decimal, objects as JSON. */
  texts(): readonly string[] {
    return (this.#texts ??= this.#values ? textsOf(this.#values) : NOTHING)
  }

  /** The texts without case. */
  folded(): readonly string[] {
    return (this.#folded ??= this.#values ? foldAll(this.texts()) : NOTHING)
  }

  /** Adds a value, and of an array each member, however deep arrays stand in arrays. */
  add(value: unknown): void {
    this.found = true
    if (value === null || value === undefined) this.hasNull = true
    else if (Array.isArray(value)) this.#addMembers(value)
    else if (this.#values) this.#values.push(value)
    else this.#values = [value]
  }

  #addMembers(array: readonly unknown[]): void {
    const values = (this.#values ??= [])
    const stack: unknown[] = [array]
    while (stack.length > 0) {
      const top = stack.pop()
      if (Array.isArray(top)) for (let i = top.length - 1; i >= 0; i--) stack.push(top[i])
      else if (top === null || top === undefined) this.hasNull = true
      else values.push(top)
    }
  }
}

function textsOf(values: readonly unknown[]): readonly string[] {
  const [first] = values
  return values.length === 1 ? [typeof first === 'string' ? first : textOf(first)] : values.map(textOf)
}

function foldAll(texts: readonly string[]): readonly string[] {
  return texts.length === 1 ? [fold(texts[0] ?? '')] : texts.map(fold)
}

/** One event as compiled rules read it. A view is used for one event after another: `reset`, then read. */
export class EventView {
  readonly #names: readonly string[]
  readonly #paths: (readonly Step[] | undefined)[] = []
  readonly #fields: (Field | undefined)[] = []
  readonly #read: number[] = []
  readonly #keywords = new Field()
  #keywordsRead = 0
  #root: unknown
  #round = 0

  constructor(table: { readonly names: readonly string[] }) {
    this.#names = table.names
  }

  reset(root: unknown): void {
    this.#root = root
    this.#round++
  }

  field(slot: number): Field {
    const field = this.#fields[slot] ?? this.#open(slot)
    if (this.#read[slot] !== this.#round) {
      this.#read[slot] = this.#round
      field.clear()
      collect(this.#root, this.#paths[slot] ?? [], field)
    }
    return field
  }

  #open(slot: number): Field {
    const name = this.#names[slot]
    if (name === undefined) throw new RangeError(`no field has the number ${slot}`)
    this.#paths[slot] = steps(name)
    return (this.#fields[slot] = new Field())
  }

  /** Every text and number of the event, at any depth: what keywords are searched in. Names of fields are not in it. */
  keywords(): Field {
    if (this.#keywordsRead !== this.#round) {
      this.#keywordsRead = this.#round
      this.#keywords.clear()
      texts(this.#root, this.#keywords)
    }
    return this.#keywords
  }

  /** Where the keyword value at `index` stands, as a dotted name. */
  keywordPlace(index: number): string {
    let at = 0
    for (const leaf of leaves(this.#root)) {
      if (at++ === index) return placeOf(leaf)
    }
    return ''
  }
}

interface Leaf {
  readonly value: unknown
  readonly key: string
  readonly parent: Leaf | undefined
}

/** Texts and numbers in document order. It walks with a stack of its own, so its depth is the event's, which the caller bounds. */
function* leaves(root: unknown): Generator<Leaf> {
  const stack: Leaf[] = [{ value: root, key: '', parent: undefined }]
  for (let leaf = stack.pop(); leaf; leaf = stack.pop()) {
    const { value } = leaf
    if (typeof value === 'string' || typeof value === 'number') yield leaf
    else if (typeof value === 'object' && value !== null) {
      const entries = Array.isArray(value) ? value.map((member: unknown) => ['', member] as const) : Object.entries(value)
      for (let i = entries.length - 1; i >= 0; i--) {
        const entry = entries[i]
        if (entry) stack.push({ value: entry[1], key: entry[0], parent: leaf })
      }
    }
  }
}

/** The values of `leaves`, without where they stand. */
function texts(root: unknown, field: Field): void {
  const stack: unknown[] = [root]
  while (stack.length > 0) {
    const value = stack.pop()
    if (typeof value === 'string' || typeof value === 'number') field.add(value)
    else if (typeof value === 'object' && value !== null) {
      const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
      for (let i = members.length - 1; i >= 0; i--) stack.push(members[i])
    }
  }
}

function placeOf(leaf: Leaf): string {
  const keys: string[] = []
  for (let at: Leaf | undefined = leaf; at && keys.length < JSON_DEPTH; at = at.parent) if (at.key !== '') keys.push(at.key)
  return keys.reverse().join('.')
}

/** One step into `a.b.c`: at an object, the whole rest as one key, else the first key of it. */
export interface Step {
  readonly rest: string
  readonly key: string
}

/** The steps of a dotted field name. */
export const steps = (name: string): readonly Step[] => {
  const keys = name.split('.')
  return keys.map((key, i) => ({ key, rest: keys.slice(i).join('.') }))
}

/** Puts what stands at `path` into `field`. A key that holds the dots itself wins; arrays on the way stand for each of their members. */
export function collect(root: unknown, path: readonly Step[], field: Field): void {
  let at: unknown = root
  for (let i = 0; i < path.length; i++) {
    if (typeof at !== 'object' || at === null) return
    if (Array.isArray(at)) {
      collectMembers(at, path.slice(i), field)
      return
    }
    const step = path[i]
    if (!step) return
    const object = at as { readonly [key: string]: unknown }
    if (step.rest !== step.key && Object.hasOwn(object, step.rest)) {
      field.add(object[step.rest])
      return
    }
    if (!Object.hasOwn(object, step.key)) return
    at = object[step.key]
  }
  field.add(at)
}

function collectMembers(array: readonly unknown[], path: readonly Step[], field: Field): void {
  const stack: unknown[] = [array]
  while (stack.length > 0) {
    const top = stack.pop()
    if (Array.isArray(top)) for (let i = top.length - 1; i >= 0; i--) stack.push(top[i])
    else collect(top, path, field)
  }
}

/** The text that a value is compared as. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) return jsonOf(value)
  return String(value)
}

function jsonOf(value: object): string {
  try {
    return JSON.stringify(value)
  } catch {
    // Nested deeper than the stack: what stands near the top is still compared.
    return JSON.stringify(cut(value, JSON_DEPTH))
  }
}

function cut(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return null
  if (Array.isArray(value)) return value.map((member: unknown) => cut(member, depth - 1))
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cut(member, depth - 1)]))
}

/** What the fields below some place are called, key by key. */
interface Node {
  readonly keys: Map<string, Step>
  /** The keys of the object that was here last, in its order, and what they lead to: the next one is most often alike. */
  readonly last: string[]
  readonly steps: (Step | undefined)[]
}

/** So many keys of an object are compared with those of the last one. */
const REMEMBERED = 64
const newNode = (): Node => ({ keys: new Map(), last: [], steps: [] })

interface Step {
  /** The field that ends here, or -1. */
  slot: number
  /** Whether that field's name has dots that this one key holds. */
  dotted: boolean
  next: Node | undefined
}

/**
 * Collects the values of many fields in one walk over the event's own keys. It answers what `EventView.field` answers for each, but for
 * null. What an array holds stands for the field as often as it has members.
 */
export class Walk {
  readonly #root = newNode()
  /** The fields that have values, and the values, in pairs; the first `count` of them. */
  readonly slots: number[] = []
  readonly values: unknown[] = []
  count = 0
  /** Fields whose name stands in one key with its dots: they must be read by name, because the key wins over what is nested. */
  readonly again: number[] = []

  constructor(fields: readonly { readonly slot: number; readonly name: string }[]) {
    for (const { slot, name } of fields) {
      let node = this.#root
      for (let rest = name; ; ) {
        const dot = rest.indexOf('.')
        const whole = stepTo(node, rest)
        whole.slot = slot
        whole.dotted = dot >= 0
        if (dot < 0) break
        const step = stepTo(node, rest.slice(0, dot))
        node = step.next ??= newNode()
        rest = rest.slice(dot + 1)
      }
    }
  }

  /** Walks an event. */
  run(root: object): void {
    this.count = 0
    if (this.again.length > 0) this.again.length = 0
    if (Array.isArray(root)) this.#members(root, -1, this.#root)
    else this.#object(root as { readonly [key: string]: unknown }, this.#root)
  }

  #object(object: { readonly [key: string]: unknown }, { keys, last, steps }: Node): void {
    let at = 0
    for (const key in object) {
      let step: Step | undefined
      if (last[at] === key) step = steps[at]
      else {
        step = keys.get(key)
        if (at < REMEMBERED) {
          last[at] = key
          steps[at] = step
        }
      }
      at++
      // In a `for`…`in` V8 answers this from the loop itself, but not `Object.hasOwn`.
      if (step === undefined || !Object.prototype.hasOwnProperty.call(object, key)) continue
      const value = object[key]
      if (step.dotted) {
        this.again.push(step.slot)
        if (step.next === undefined) continue
      }
      if (typeof value === 'object' && value !== null) {
        if (Array.isArray(value)) {
          this.#members(value, step.dotted ? -1 : step.slot, step.next)
          continue
        }
        if (step.next !== undefined) this.#object(value as { readonly [key: string]: unknown }, step.next)
      }
      if (step.slot >= 0 && !step.dotted && value !== null && value !== undefined) this.#add(step.slot, value)
    }
  }

  #members(array: readonly unknown[], slot: number, next: Node | undefined): void {
    const stack: unknown[] = [array]
    while (stack.length > 0) {
      const top = stack.pop()
      if (Array.isArray(top)) {
        for (let i = top.length - 1; i >= 0; i--) stack.push(top[i])
        continue
      }
      if (top === null || top === undefined) continue
      if (next !== undefined && typeof top === 'object') this.#object(top as { readonly [key: string]: unknown }, next)
      if (slot >= 0) this.#add(slot, top)
    }
  }

  #add(slot: number, value: unknown): void {
    const at = this.count++
    this.slots[at] = slot
    this.values[at] = value
  }
}

function stepTo(node: Node, key: string): Step {
  let step = node.keys.get(key)
  if (!step) node.keys.set(key, (step = { slot: -1, dotted: false, next: undefined }))
  return step
}

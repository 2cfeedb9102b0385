import { type Caller, callerOf } from './caller.ts'
import type { Lines } from './lines.ts'

/** What the guard tells of. */
export type Kind = 'process' | 'outbound' | 'credentials' | 'runtime-api' | 'read' | 'code' | 'load'

/** Different things of one kind that are told; ordinary functions have a handful. */
const MAX_DISTINCT = 256
/** How often the stack is looked at for one kind, at most: some things are told apart by who did them, and that costs a look each time. */
const MAX_LOOKS = 1_000

/** What was seen, in words that are safe to write: names and numbers, never arguments, content or values. */
export type Details = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** Tells each thing once. */
export interface Sight {
  /** Once for each `key`, whoever does it first: for what happens often. */
  once(kind: Kind, key: string, details: Details): void
  /** Once for each `key` and package that does it. */
  oncePerCaller(kind: Kind, key: string, details: Details): void
}

export function createSight(lines: Lines, now: () => number): Sight {
  const seen = new Map<Kind, { readonly keys: Set<string>; looks: number }>()
  let busy = false

  const of = (kind: Kind) => {
    let found = seen.get(kind)
    if (!found) seen.set(kind, (found = { keys: new Set(), looks: 0 }))
    return found
  }
  const tell = (kind: Kind, details: Details, caller: Caller) => lines.write({ t: now(), kind, ...details, ...caller })
  /** What our own work does is not looked at. */
  const alone = (task: () => void) => {
    if (busy) return
    busy = true
    try {
      task()
    } finally {
      busy = false
    }
  }

  function once(kind: Kind, key: string, details: Details): void {
    const { keys } = of(kind)
    if (keys.has(key) || keys.size >= MAX_DISTINCT) return
    alone(() => {
      keys.add(key)
      tell(kind, details, callerOf(once))
    })
  }
  function oncePerCaller(kind: Kind, key: string, details: Details): void {
    const state = of(kind)
    if (state.looks >= MAX_LOOKS || state.keys.size >= MAX_DISTINCT) return
    alone(() => {
      state.looks++
      const caller = callerOf(oncePerCaller)
      // Nobody of the function is on the stack: Node itself makes code now and then, and connects later than it was asked to.
      if (caller.frame === undefined && (kind === 'code' || state.keys.has(key))) return
      const full = `${key}\n${caller.package ?? ''}`
      if (state.keys.has(full)) return
      state.keys.add(key).add(full)
      tell(kind, details, caller)
    })
  }
  return { once, oncePerCaller }
}

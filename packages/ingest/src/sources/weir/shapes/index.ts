import { code } from './code.ts'
import { connections } from './connections.ts'
import { extensions } from './extensions.ts'
import { inventory } from './inventory.ts'
import { process } from './process.ts'
import type { Shape } from './shape.ts'
import { trigger } from './trigger.ts'

/** Signals that have a shape of their own. All others are told by `classify`. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  'weir.code': code,
  'weir.connections': connections,
  'weir.extensions': extensions,
  'weir.inventory': inventory,
  'weir.process': process,
  'weir.trigger': trigger,
}

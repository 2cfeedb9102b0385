import { code } from './code.ts'
import { connections } from './connections.ts'
import { extensions } from './extensions.ts'
import { guard } from './guard.ts'
import { inventory } from './inventory.ts'
import { otlpLog, otlpMetric, otlpSpan } from './otlp.ts'
import { process } from './process.ts'
import { reports } from './reports.ts'
import type { Shape } from './shape.ts'
import { trigger } from './trigger.ts'

/** Signals that have a shape of their own. All others are told by `classify`. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  ...reports,
  'otlp.log': otlpLog,
  'otlp.metric': otlpMetric,
  'otlp.span': otlpSpan,
  'weir.code': code,
  'weir.connections': connections,
  'weir.extensions': extensions,
  'weir.guard': guard,
  'weir.inventory': inventory,
  'weir.process': process,
  'weir.trigger': trigger,
}

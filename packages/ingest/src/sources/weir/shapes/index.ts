import type { Shape } from './shape.ts'

/** Signals that have a shape of their own. All others are told by `classify`. */
export const SHAPES: Readonly<Record<string, Shape>> = {}

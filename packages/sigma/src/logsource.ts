import type { LogSource } from './types.ts'

const KEYS = ['product', 'service', 'category'] as const

/** Whether `wider` takes in all of `narrower`: each of product, service and category that it names is the other's, whatever its case. */
export const covers = (wider: LogSource, narrower: LogSource): boolean =>
  KEYS.every(key => wider[key] === undefined || wider[key].toLowerCase() === narrower[key]?.toLowerCase())

import { fileURLToPath } from 'node:url'

const demo = (path: string): string => fileURLToPath(new URL(`../../demo/${path}`, import.meta.url))

/** A sample function of `weir start` and `weir demo`. */
export interface SampleFunction {
  readonly name: string
  readonly taskRoot: string
  readonly memorySize: number
  readonly timeoutSeconds: number
  /** Files of further extensions in its sandbox, beside Weir's. */
  readonly extensions: readonly string[]
}

const sample = (
  name: string,
  memorySize: number,
  timeoutSeconds: number,
  extensions: readonly string[] = [],
): SampleFunction => ({
  name,
  taskRoot: demo(`functions/${name}`),
  memorySize,
  timeoutSeconds,
  extensions,
})

export const SAMPLE_FUNCTIONS: readonly SampleFunction[] = [
  sample('hello', 128, 10),
  sample('checkout', 256, 10),
  sample('reports', 128, 1),
  sample('render', 10_240, 10),
  sample('billing', 128, 10, [demo('extensions/metrics-helper')]),
]

import type { Signal } from './signal.ts'

/** `otlp.log`, `otlp.span` and `otlp.metric`: what the function's own OpenTelemetry SDK exports to localhost:4318, with `WEIR_OTLP=1`. */
export const otlp: Signal = {
  name: 'otlp',
  start(_, to) {
    if (to.config.otlp) void import('../otlp/otlp.ts').then(({ listenForOtlp }) => listenForOtlp(to))
  },
}

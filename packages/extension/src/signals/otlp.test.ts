import { expect, it } from 'vitest'
import { nodeHost } from '../host/node.ts'
import { testRecorder } from '../testing/recorder.ts'
import { otlp } from './otlp.ts'

it('listens where it is asked to, on the port that exporters know, and on this machine only', async () => {
  const { recorder, host } = testRecorder({ WEIR_OTLP: '1' })
  const at = await new Promise(resolve => {
    otlp.start?.(
      { mode: 'telemetry', schema: '' },
      {
        ...recorder,
        host: {
          ...host,
          listen(bind, accept, port) {
            resolve({ bind, port })
            return nodeHost({})
              .listen(bind, accept)
              .then(listener => (listener.close(), listener))
          },
        },
      },
    )
  })
  expect(at).toEqual({ bind: '127.0.0.1', port: 4318 })
})

it('does not listen unasked', () => {
  const { recorder, host } = testRecorder()
  const listen = () => {
    throw new Error('listens')
  }
  expect(() => otlp.start?.({ mode: 'telemetry', schema: '' }, { ...recorder, host: { ...host, listen } })).not.toThrow()
})

// A custom runtime that does what each event says and writes down what it was given. PROBE_RUNTIMES is a list of ways to begin, one for each start
// in the sandbox, the last for all later ones: "exit:1" and "error" fail Init, "slow" takes a second over it, "" goes on.
import { exchange, starts, write } from './diary.mjs'

const WHO = 'runtime'
const API = '/2018-06-01/runtime'
const before = starts(WHO)
const ways = JSON.parse(process.env.PROBE_RUNTIMES ?? '[""]')
const way = ways[Math.min(before, ways.length - 1)]
const workers = Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY ?? 1)
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

process.on('SIGTERM', () => {
  write(WHO, 'sigterm')
  process.exit(0)
})

const actions = {
  log: ({ lines }) => {
    for (const line of lines) process.stdout.write(`${line}\n`)
  },
  flood: async ({ count, pause = 1 }) => {
    for (let n = 0; n < count; n += 100) {
      process.stdout.write(Array.from({ length: Math.min(100, count - n) }, (_, i) => `line ${n + i}\n`).join(''))
      await sleep(pause)
    }
  },
  exit: async ({ code, after = 0 }) => {
    await sleep(after)
    process.exit(code)
  },
  hang: () => sleep(60_000),
  sleep: ({ ms }) => sleep(ms),
  /** An exchange from the runtime's own process, as an internal extension would have it. */
  call: async ({ as, request }) => void write(WHO, 'exchange', { as, ...(await exchange(request)) }),
}

async function work() {
  for (;;) {
    const { status, headers, body } = await exchange({ method: 'GET', path: `${API}/invocation/next` })
    write(WHO, 'invocation', { status, headers, body })
    if (status !== 200) return
    const id = headers['lambda-runtime-aws-request-id']
    const post = (kind, answer, more) =>
      exchange({ method: 'POST', path: `${API}/invocation/${id}/${kind}`, body: answer, headers: more })
    if (body?.do === 'throw')
      await post(
        'error',
        { errorType: 'Function.Thrown', errorMessage: 'on purpose' },
        { 'Lambda-Runtime-Function-Error-Type': 'Function.Thrown' },
      )
    else {
      await actions[body?.do]?.(body)
      const answered = await post('response', { done: body?.do ?? 'nothing', n: body?.n })
      write(WHO, 'answered', { id, status: answered.status })
    }
  }
}

write(WHO, 'started', { env: process.env })
if (way?.startsWith('exit:')) process.exit(Number(way.slice(5)))
if (way === 'slow') await sleep(1000)
if (way === 'error') {
  const headers = { 'Lambda-Runtime-Function-Error-Type': 'Runtime.ProbeRefused' }
  await exchange({
    method: 'POST',
    path: `${API}/init/error`,
    headers,
    body: { errorType: 'Runtime.ProbeRefused', errorMessage: 'on purpose' },
  })
  process.exit(1)
}
await Promise.all(Array.from({ length: workers }, work))

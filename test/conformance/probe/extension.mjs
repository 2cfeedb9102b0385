// An external extension that does what its script says and writes down every exchange. PROBE_SCRIPTS is a list of scripts, one for each start in
// the sandbox, the last for all later ones; PROBE_NAME is the name of the file that was started. A step is one of
//   { as, call: { method, path, headers, body } }   an exchange; "$id" in a header is the identifier that registration gave, "$port" the listener's
//   { as, call, detach: true }                      the same, not waited for
//   { listen: { delayMs, statuses } }               a telemetry listener; each POST takes delayMs, and the statuses one by one, then 200
//   { print: text }, { sleep: ms }, { exit: code }
//   { awaits: kind }                                until the diary has an entry of this kind, of the runtime too
//   { loop: { onInvoke: [steps], onShutdown: [steps] } }   asks for events until SHUTDOWN, then ends
import { createServer } from 'node:http'
import { exchange, has, starts, write } from './diary.mjs'

const WHO = 'extension'
const before = starts(WHO)
const scripts = JSON.parse(process.env.PROBE_SCRIPTS ?? '[]')
const name = process.env.PROBE_NAME ?? ''
const held = { id: '', port: '' }

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const fill = value =>
  JSON.parse(JSON.stringify(value).replaceAll('$id', held.id).replaceAll('$port', held.port).replaceAll('$name', name))

async function call(step) {
  const answer = await exchange(fill(step.call))
  const id = answer.headers['lambda-extension-identifier']
  if (id) held.id = id
  write(WHO, 'exchange', { as: step.as, ...answer })
  return answer
}

function listen({ delayMs = 0, statuses = [] }) {
  const left = [...statuses]
  const server = createServer((incoming, answer) => {
    const chunks = []
    incoming.on('data', chunk => chunks.push(chunk))
    incoming.on('end', () => {
      const { method, url, headers } = incoming
      const status = left.shift() ?? 200
      write(WHO, 'telemetry', { method, url, headers, status, text: Buffer.concat(chunks).toString() })
      setTimeout(() => answer.writeHead(status).end('OK'), delayMs)
    })
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      held.port = String(server.address().port)
      resolve()
    })
  })
}

async function loop({ onInvoke = [], onShutdown = [{ sleep: 150 }] }) {
  for (;;) {
    const { status, headers, body } = await exchange({
      method: 'GET',
      path: '/2020-01-01/extension/event/next',
      headers: { 'Lambda-Extension-Identifier': held.id },
    })
    write(WHO, 'event', { status, headers, body })
    if (status !== 200) return
    if (body?.eventType !== 'SHUTDOWN') await perform(onInvoke)
    else {
      await perform(onShutdown)
      write(WHO, 'bye')
      process.exit(0)
    }
  }
}

async function perform(steps) {
  for (const step of steps) {
    if (step.call && step.detach) void call(step).catch(error => write(WHO, 'broken', { as: step.as, message: error.message }))
    else if (step.call) await call(step)
    else if (step.listen) await listen(step.listen)
    else if (step.print) process.stdout.write(step.print)
    else if (step.sleep) await sleep(step.sleep)
    else if (step.awaits) while (!has(step.awaits)) await sleep(10)
    else if (step.loop) await loop(step.loop)
    else if ('exit' in step) process.exit(step.exit)
  }
}

write(WHO, 'started', { name, env: process.env })
try {
  await perform(scripts[Math.min(before, scripts.length - 1)] ?? [])
} catch (error) {
  write(WHO, 'broken', { message: error.message })
}
// The script is over; an extension that ends fails its function.
setInterval(() => {}, 60_000)

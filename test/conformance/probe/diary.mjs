// What extension and runtime write down, one JSON object a line, in one file, so that the order of the lines is the order of events.
import { appendFileSync, readFileSync } from 'node:fs'
import { request } from 'node:http'

const { PROBE_DIARY: file = '', AWS_LAMBDA_RUNTIME_API: api = '' } = process.env
const [host, port] = api.split(':')

export const write = (who, kind, entry = {}) =>
  appendFileSync(file, `${JSON.stringify({ who, kind, at: Date.now(), pid: process.pid, ...entry })}\n`)

function read() {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** How often this program has been started in this sandbox before. */
export const starts = who => read().split(`{"who":"${who}","kind":"started"`).length - 1

export const has = kind => read().includes(`,"kind":"${kind}",`)

/** One exchange with the sandbox's APIs; a body that is no string goes as JSON. */
export function exchange({ method, path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, method, path, headers, agent: false }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode, headers: response.headers, text, body: parse(text) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

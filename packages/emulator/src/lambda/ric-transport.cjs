// Loaded with --require before aws-lambda-ric. The client's own transport is a native addon (libcurl) that takes more than a minute to
// compile; this gives the same four functions over node:http. One difference: the addon's `done` and `error` block until the platform
// has the answer, these only start the post, and the next `next` waits for it.
const { Agent, request } = require('node:http')
const Module = require('node:module')

const [hostname, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':')
// A runtime that takes several invocations at once keeps several `next` calls open; each other call needs a socket beside them.
const agent = new Agent({ keepAlive: true, maxSockets: process.env.AWS_LAMBDA_MAX_CONCURRENCY ? Number.POSITIVE_INFINITY : 1 })
let posted = Promise.resolve()

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, agent, method, path: `/2018-06-01/runtime/invocation/${path}`, headers }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function post(path, body, headers) {
  const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers }
  posted = posted.then(() => call('POST', path, body, length)).catch(() => {})
}

const client = {
  initializeClient() {},
  async next() {
    await posted
    const { status, headers, body } = await call('GET', 'next')
    if (status !== 200) throw new Error(`Failed to get next invocation, error ${status}`)
    return { bodyJson: body, headers }
  },
  done(id, body) {
    post(`${id}/response`, body)
  },
  error(id, body, xray) {
    const small = Buffer.byteLength(xray) < 1024 * 1024 && !/[^\x20-\x7e]/.test(xray)
    post(`${id}/error`, body, small ? { 'lambda-runtime-function-xray-error-cause': xray } : {})
  },
}

const load = Module._load
Module._load = function (name, ...rest) {
  return String(name).endsWith('rapid-client.node') ? client : load.call(this, name, ...rest)
}

// The smallest extension in JavaScript that does its part of the protocol, in what every runtime has: registers, subscribes, reads what telemetry
// comes, throws it away, asks for the next event.
import net from 'node:net'

const api = process.env.AWS_LAMBDA_RUNTIME_API
const [host, port] = api.split(':')

const call = (method, path, headers, body) =>
  new Promise(resolve => {
    const socket = net.connect(Number(port), host)
    let answer = ''
    socket.on('data', part => {
      answer += String(part)
      const [, head, rest] = /^(.*?)\r\n\r\n(.*)$/s.exec(answer) ?? []
      if (head === undefined || rest.length < Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)) return
      socket.destroy()
      resolve({ head, body: rest })
    })
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: ${api}\r\n${headers}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  })

const server = net.createServer(socket => {
  let [waiting, head] = [0, '']
  socket.on('error', () => {})
  socket.on('data', part => {
    if (waiting === 0) {
      head += String(part)
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      waiting = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0) - (head.length - end - 4)
      head = ''
    } else waiting -= part.length
    if (waiting === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
})

const start = async () => {
  const { head } = await call(
    'POST',
    '/2020-01-01/extension/register',
    'Lambda-Extension-Name: smallest',
    '{"events":["INVOKE","SHUTDOWN"]}',
  )
  const own = `Lambda-Extension-Identifier: ${/lambda-extension-identifier: *(\S+)/i.exec(head)?.[1]}`
  await new Promise(resolve => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  const buffering = { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 }
  const destination = { protocol: 'HTTP', URI: `http://127.0.0.1:${server.address().port}` }
  const subscription = { schemaVersion: '2025-01-29', types: ['platform', 'function'], buffering, destination }
  await call('PUT', '/2022-07-01/telemetry', own, JSON.stringify(subscription))
  for (;;) {
    const { body } = await call('GET', '/2020-01-01/extension/event/next', own, '')
    if (body.includes('SHUTDOWN')) process.exit(0)
  }
}
void start()

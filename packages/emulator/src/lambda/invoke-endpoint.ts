import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLoopbackHost, listen, patientServer, readBody, sendJson, stop } from '../http.ts'
import { parseJson } from '../json.ts'
import { InvokeError, type Lambda } from './lambda.ts'
import { MAX_PAYLOAD } from './runtime-api.ts'

export interface InvokeEndpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

const PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?.*)?$/
/** A function is named by its name or by its ARN, with or without a qualifier. */
const NAME = /^(?:arn:aws:lambda:[^:]*:\d*:function:)?([a-zA-Z0-9-_]+)(?::[a-zA-Z0-9$_-]+)?$/

/**
 * The Invoke API on loopback, for a person with curl or an AWS client (signatures are not looked at). A Host header that does not name
 * this machine is refused, and so is an Origin that does not: a page in a browser may post here under the right Host.
 */
export async function startInvokeEndpoint(lambda: Lambda, { port = 0 }: { port?: number } = {}): Promise<InvokeEndpoint> {
  const server = patientServer((request, response) => {
    handle(lambda, request, response).catch((error: unknown) => {
      const { type, message, status } =
        error instanceof InvokeError
          ? error
          : new InvokeError('ServiceException', 'The emulator failed to invoke the function.', 500)
      sendJson(
        response,
        status,
        { Type: status < 500 ? 'User' : 'Server', message },
        { 'x-amzn-ErrorType': type, 'x-amzn-RequestId': randomUUID() },
      )
    })
  })
  const listening = await listen(server, port)
  return { url: `http://127.0.0.1:${listening}`, close: () => stop(server) }
}

async function handle(lambda: Lambda, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { headers, method, url = '' } = request
  if (!isLoopbackHost(headers.host))
    throw new InvokeError('AccessDeniedException', 'The Host header does not name this machine.', 403)
  if (headers.origin !== undefined && !isLoopbackHost(/^https?:\/\/(.*)$/.exec(headers.origin)?.[1]))
    throw new InvokeError('AccessDeniedException', 'The Origin header does not name this machine.', 403)
  const match = PATH.exec(url)
  if (method !== 'POST' || !match)
    throw new InvokeError('UnknownOperationException', 'Use POST /2015-03-31/functions/<name>/invocations', 404)
  const target = decodeURIComponent(match[1] ?? '')
  const handle = lambda.function(NAME.exec(target)?.[1] ?? '')
  if (!handle) throw new InvokeError('ResourceNotFoundException', `Function not found: ${target.slice(0, 200)}`, 404)
  const body = await readBody(request, MAX_PAYLOAD)
  if (!body)
    throw new InvokeError(
      'RequestTooLargeException',
      `Request must be smaller than ${MAX_PAYLOAD} bytes for the InvokeFunction operation`,
      413,
    )
  if (body.length > 0 && parseJson(body.toString('utf8')) === undefined)
    throw new InvokeError('InvalidRequestContentException', 'Could not parse request body into json', 400)
  const payload = body.length > 0 ? body : Buffer.from('{}')

  const type = headers['x-amz-invocation-type'] ?? 'RequestResponse'
  if (type === 'DryRun') return void response.writeHead(204).end()
  if (type === 'Event') {
    // Lambda queues it and answers; there is nobody to tell about a failure, which the function's telemetry shows.
    handle.invokeRaw(payload).catch(() => {})
    return void response.writeHead(202).end()
  }
  const logTail = headers['x-amz-log-type'] === 'Tail'
  const clientContext = headers['x-amz-client-context']
  const result = await handle.invokeRaw(payload, {
    logTail,
    ...(typeof clientContext === 'string' && { clientContext: parseJson(Buffer.from(clientContext, 'base64').toString('utf8')) }),
  })
  response.writeHead(result.statusCode, {
    'content-type': 'application/json',
    'content-length': result.body.length,
    'x-amzn-RequestId': result.requestId,
    'X-Amz-Executed-Version': result.executedVersion,
    ...(result.functionError && { 'X-Amz-Function-Error': result.functionError }),
    ...(result.logTail !== undefined && { 'X-Amz-Log-Result': Buffer.from(result.logTail).toString('base64') }),
  })
  response.end(result.body)
}

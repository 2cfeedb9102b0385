import type { Message } from '../http-message.ts'

/** What a request is answered. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
  /** Seconds after which to ask again. */
  readonly retryAfter?: number
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  503: 'Service Unavailable',
}

/** The answer to `request` as it goes over the wire. It says so where the request asks that the connection be closed. */
export function written({ status, type, body, retryAfter }: Answer, request: Pick<Message, 'start' | 'headers'>): Uint8Array {
  const isLast = request.start.endsWith('1.0') || request.headers.get('connection')?.toLowerCase() === 'close'
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ''}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    ...(isLast ? ['Connection: close'] : []),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body])
}

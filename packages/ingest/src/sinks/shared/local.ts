import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Judgement, SinkResponse } from '../../sink.ts'
import { delivered, hold, retry, string } from './judge.ts'

/** Errors of the file system that pass by themselves, or when someone makes room. Any other waits for a person to mend the path. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EIO', 'EINTR', 'SQLITE_BUSY', 'SQLITE_FULL'])

/** An answer of a sink on this machine: done, or the error that stood in the way. It has HTTP's form so that it is judged like the others. */
export function localAnswer(outcome: unknown, body = ''): SinkResponse {
  if (outcome === 200) return { status: 200, headers: { 'content-type': 'application/x-weir' }, body: Buffer.from(body) }
  const code = string((outcome as { code?: unknown } | null)?.code) || 'unknown error'
  return { status: PASSING.has(code) ? 503 : 403, headers: { 'content-type': 'application/x-weir' }, body: Buffer.from(code) }
}

/** Judges `localAnswer`, and nothing else. */
export function judgeLocal(response: SinkResponse, _events: readonly OcsfEvent[]): Judgement {
  if (response.headers['content-type'] !== 'application/x-weir') return retry(`status ${response.status}, not from this machine`)
  if (response.status === 200) return delivered
  const code = /^[A-Z_0-9]{2,40}$/.exec(Buffer.from(response.body).toString())?.[0] ?? 'unknown error'
  return response.status === 503 ? retry(code) : hold(`${code}; check the path and who may write there`)
}

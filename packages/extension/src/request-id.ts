/** How Lambda writes them: a UUID in lower case. */
const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The first of the named fields of `record` that is a request id, or ''. The function may write anything under any name, and what it writes there must
 * not become the name of an invocation.
 */
export function requestIdIn(record: unknown, names: readonly string[]): string {
  if (typeof record !== 'object' || record === null) return ''
  for (const name of names) {
    const value: unknown = Reflect.get(record, name)
    if (typeof value === 'string' && REQUEST_ID.test(value)) return value
  }
  return ''
}

/** Under which names Lambda's telemetry, and the JSON log formats of its runtimes, have it. */
export const REQUEST_ID_NAMES = ['requestId', 'AWSRequestId']

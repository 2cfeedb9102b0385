import { setTimeout as sleep } from 'node:timers/promises'

const TRIES = 8
const PAUSE_MS = 100

/**
 * PutRecords until each record is taken: the call succeeds where some of them are throttled, and its answer says which by `ErrorCode`, in the
 * order of the request. Throws after some seconds of refusals.
 */
export async function putAll<Entry>(
  entries: readonly Entry[],
  put: (entries: Entry[]) => Promise<readonly { readonly ErrorCode?: string | undefined }[]>,
  pause: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  let left = [...entries]
  let refused: string | undefined
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await pause(PAUSE_MS * 2 ** (attempt - 1))
    const answers = await put(left)
    refused = answers.find(answer => answer.ErrorCode)?.ErrorCode
    left = left.filter((_, i) => answers[i]?.ErrorCode !== undefined)
    if (left.length === 0) return
  }
  throw new Error(`the stream refused ${left.length} of ${entries.length} records: ${refused}`)
}

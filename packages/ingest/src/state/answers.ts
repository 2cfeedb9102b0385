import { ANSWER_BYTES } from '@weir/sigma/state'

/**
 * What was answered to a key's last batches, as one text: a line a batch, the oldest first, each a line feed, the 12 characters of the batch's
 * digest, and the answer as JSON, left out where it is null. JSON has no line feed of its own, so a digest found behind one is a batch.
 * A store reads and writes it whole, so it is kept small: 256 answers that are nothing take 3.3 KB.
 */
export const emptyAnswers = ''

const DIGEST = 12
const LINE = DIGEST + 1

/**
 * Batches of which a key remembers the answer. A stream redelivers what it delivered last, and a key sees each batch once, so this covers
 * hours of a busy group. A batch that comes again after so many others is folded again: its events count twice, and a finding it then makes
 * has the same uid.
 */
export const REMEMBERED_BATCHES = 256
const SLACK = 32

/** Of the answers together, UTF-8: an item must fit DynamoDB's 400 KB with its state. One of `ANSWER_BYTES` has room. */
export const MAX_ANSWER_BYTES = 200_000
const MAX_UTF8 = 3 // bytes that a UTF-16 code unit becomes

/** The answer to a batch, as JSON; undefined when it is not remembered. */
export function find(answers: string, digest: string): string | undefined {
  const at = answers.indexOf(`\n${digest}`)
  if (at < 0) return undefined
  const end = answers.indexOf('\n', at + LINE)
  return answers.slice(at + LINE, end < 0 ? undefined : end) || 'null'
}

/** The newest answers that fit, with one more. Throws where that one is larger than a store keeps: its batch could not come again. */
export function remember(answers: string, digest: string, answer: string): string {
  if (answer.length * MAX_UTF8 > ANSWER_BYTES) {
    const bytes = Buffer.byteLength(answer)
    if (bytes > ANSWER_BYTES)
      throw new RangeError(`an answer has at most ${ANSWER_BYTES} bytes as JSON; this has ${bytes}: cut it`)
  }
  let kept = `${answers}\n${digest}${answer === 'null' ? '' : answer}`
  // A line has at least its digest: what is shorter than so many of them need not be counted. Some more may stay, so as not to count each time.
  if (kept.length > (REMEMBERED_BATCHES + SLACK) * LINE) {
    for (let over = lines(kept) - REMEMBERED_BATCHES; over > 0; over--) kept = withoutOldest(kept)
  }
  return newest(kept, MAX_ANSWER_BYTES)
}

/** The newest of the answers, as many as `room` bytes hold, and at least the last. */
export function newest(answers: string, room: number): string {
  if (answers.length * MAX_UTF8 <= room) return answers
  let from = 0
  for (let bytes = Buffer.byteLength(answers); bytes > room; ) {
    const next = answers.indexOf('\n', from + LINE)
    if (next < 0) break
    bytes -= Buffer.byteLength(answers.slice(from, next))
    from = next
  }
  return answers.slice(from)
}

/** Answers as they were stored before: a JSON array of digest and answer, the digest longer by what is cut off here. */
export function readAnswers(stored: string): string {
  if (!stored.startsWith('[')) return stored
  return (JSON.parse(stored) as [string, string][]).reduce(
    (answers, [digest, answer]) => remember(answers, digest.slice(0, DIGEST), answer),
    emptyAnswers,
  )
}

const withoutOldest = (answers: string): string => answers.slice(answers.indexOf('\n', 1))

function lines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + LINE)) count++
  return count
}

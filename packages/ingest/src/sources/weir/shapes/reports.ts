import { CLASS, SEVERITY } from '@weir/schema/ocsf'
import { epochOf, type Fields, fieldsOf, isFields, textOf } from '../../shared/values.ts'
import { type Shape, severityOf } from './shape.ts'

/** What a message names of a list; the whole of it stands in `unmapped.record`. */
const MOST = 8

const LOW = severityOf(SEVERITY.low)

/** What the extension tells of itself, by signal: what it watches over, has masked, left out, lost and found again. */
export const reports: Readonly<Record<string, Shape>> = {
  'weir.dropped': report('Records Dropped', body => ({
    message: said([counted(body['records'], 'record'), counted(body['bytes'], 'byte'), textOf(body['reason'])]),
    count: wholeOf(body['records']),
  })),
  'weir.environment': report('Environment', body => ({
    message: said([
      counted(body['variables'], 'variable'),
      named(body['secrets'], ({ kind, variable }) => [textOf(kind), 'in', textOf(variable)]) ?? 'no secret',
    ]),
  })),
  // Ours and not the function's, which goes on.
  'weir.fault': report(
    'General Error',
    body => ({
      message: said([textOf(body['kind']), counted(body['count'], 'time')]),
      status_code: textOf(body['kind']),
      count: wholeOf(body['count']),
      ...LOW,
    }),
    CLASS.applicationError,
  ),
  'weir.journal': report(
    'Journal Recovered',
    ({ files, frames, torn, lost }) => ({
      message: said([
        `${counted(files, 'journal') ?? 'journals'} of processes that were killed`,
        counted(frames, 'batch', 'batches'),
        isSome(torn) || isSome(lost) ? `${counted(torn, 'journal') ?? 'some'} torn, ${counted(lost, 'byte')} lost` : undefined,
      ]),
      ...LOW,
    }),
    CLASS.applicationLifecycle,
  ),
  'weir.load': report(
    'Load Changed',
    ({ step, before, addedMs, budgetMs }) => ({
      message: said([
        `${textOf(step) ?? 'unknown'} after ${textOf(before) ?? 'unknown'}`,
        `${wholeOf(addedMs) ?? '?'} ms added to an invocation`,
        `${wholeOf(budgetMs) ?? '?'} ms allowed`,
      ]),
      ...((step === 'summaries' || step === 'counts') && LOW),
    }),
    CLASS.applicationLifecycle,
  ),
  'weir.redacted': report('Redaction', ({ masked, records, characters }) => ({
    message: said([
      named(masked, ({ kind, count }) => [wholeOf(count), textOf(kind)]) ?? 'nothing masked',
      counted(records, 'record'),
      `${counted(characters, 'character') ?? 'nothing'} looked at`,
    ]),
  })),
  // Decoding opens it or puts it into quarantine, so none comes this far.
  'weir.sealed': report('Sealed', () => ({ message: 'not opened' })),
  'weir.secret': report('Secret Masked', body => ({
    message: said([`${textOf(body['kind']) ?? 'unknown'} in ${textOf(body['signal']) ?? 'a record'}`, textOf(body['place'])]),
    count: wholeOf(body['count']),
  })),
  'weir.summary': report('Log Summary', ({ lines, bytes, levels, first, last }) => ({
    message: said([
      counted(lines, 'line'),
      counted(bytes, 'character'),
      named(
        Object.entries(fieldsOf(levels) ?? {}).map(([level, count]) => ({ level, count })),
        ({ level, count }) => [wholeOf(count), textOf(level)],
      ),
    ]),
    count: wholeOf(lines),
    start_time: epochOf(first),
    end_time: epochOf(last),
  })),
}

function report(
  name: string,
  tell: (body: Fields) => Fields & { readonly message: string },
  classUid: number = CLASS.baseEvent,
): Shape {
  const activity = { classUid, id: classUid === CLASS.applicationError ? 1 : 99, name }
  return {
    activity: () => activity,
    fields(body, { record }) {
      const { message, ...more } = tell(body)
      return { message: `${record.signal}: ${message}`, ...more }
    },
  }
}

/** Of a body that is a claim, what it has. */
const said = (parts: readonly (string | undefined)[]): string => parts.filter(part => part !== undefined).join(', ') || 'nothing'

/** `1 line`, `2 lines`. */
function counted(value: unknown, one: string, many = `${one}s`): string | undefined {
  const count = wholeOf(value)
  return count === undefined ? undefined : `${count} ${count === 1 ? one : many}`
}

/** The first of a list, as words: `2 jwt, 1 iban and 3 more`. Undefined for none. */
function named(value: unknown, words: (each: Fields) => readonly (string | number | undefined)[]): string | undefined {
  const list = Array.isArray(value) ? value.filter(isFields) : []
  if (list.length === 0) return undefined
  const first = list.slice(0, MOST).map(each =>
    words(each)
      .filter(word => word !== undefined)
      .join(' '),
  )
  return `${first.join(', ')}${list.length > MOST ? ` and ${list.length - MOST} more` : ''}`
}

const isSome = (value: unknown): boolean => (wholeOf(value) ?? 0) > 0

const wholeOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

import { SEVERITY } from '@weir/schema/ocsf'
import { fieldsOf, textOf } from './values.ts'

/** Words for a level, as the loggers of Lambda's runtimes write them. An error of a program is of medium severity to a security team. */
const LEVELS: Readonly<Record<string, number>> = {
  trace: SEVERITY.informational,
  debug: SEVERITY.informational,
  info: SEVERITY.informational,
  information: SEVERITY.informational,
  notice: SEVERITY.informational,
  warn: SEVERITY.low,
  warning: SEVERITY.low,
  error: SEVERITY.medium,
  critical: SEVERITY.high,
  fatal: SEVERITY.high,
  panic: SEVERITY.high,
  alert: SEVERITY.high,
  emergency: SEVERITY.high,
}

const KEYS = ['level', 'severity', 'levelname', 'log.level'] as const

/** The level of a JSON log line, and the severity it stands for. */
export function levelOf(value: unknown): { readonly level: string | undefined; readonly severity: number } {
  const fields = fieldsOf(value)
  const level = fields && KEYS.map(key => textOf(fields[key])).find(text => text !== undefined && text.length <= 16)
  const known = level !== undefined && Object.hasOwn(LEVELS, level.toLowerCase()) ? LEVELS[level.toLowerCase()] : undefined
  return { level, severity: known ?? SEVERITY.informational }
}

/** The line a person would read of a log record: its text, or a JSON log's own message. */
export function messageOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trimEnd()
  const fields = fieldsOf(value)
  return fields && (textOf(fields['message']) ?? textOf(fields['msg']))
}

import { setImmediate } from 'node:timers/promises'
import { ConfigError, oneOf } from '@weir/ingest'
import {
  type LintDocument,
  lintEach,
  LINTS,
  type Report,
  readLintDocuments,
  SEVERITIES,
  type Severity,
  unreadDocument,
} from '@weir/sigma/lint'
import { type Command, EXIT, type World } from '../../command.ts'
import { paintOf } from '../../output.ts'
import { counted, plain, table } from '../../terminal.ts'
import { readContext } from './context.ts'
import { treeFiles } from './files.ts'

const COLOURS = { error: 'red', warning: 'yellow', info: 'cyan' } as const satisfies Record<Severity, string>

/** `weir rules lint`: rules that load, and still do not say what was meant. */
export const lint: Command = {
  name: 'rules lint',
  summary: 'Look rules over for the mistakes that people make; tell the place and the way to mend each.',
  usage: ['PATH... [--severity LEVEL] [--disable CODE,...]', '--codes'],
  options: {
    severity: { type: 'string', value: 'LEVEL', description: 'The least that is told: error, warning (unless given) or info.' },
    disable: { type: 'string', value: 'CODE,...', description: 'Do not look for these.' },
    config: { type: 'string', value: 'FILE', description: 'Take placeholders from this weir.yaml.' },
    codes: { type: 'boolean', description: 'List the codes and what they mean.' },
    json: { type: 'boolean', description: 'One JSON object a line on standard output.' },
  },
  help: 'Exit code 3 when an error or a warning is told. A file that cannot be read is an error.',
  async run(args, world) {
    if (args.flag('codes')) {
      world.out.write(`${table(LINTS.map(({ code, severity, about }) => [code, severity, about])).join('\n')}\n`)
      return EXIT.ok
    }
    if (args.positionals.length === 0) throw new ConfigError('rules lint: name the files or folders to look over')
    const least = severityOf(args.text('severity') ?? 'warning')
    const disabled = new Set(codesOf(args.text('disable')))
    const { options } = await readContext(world, args.text('config'))
    const files = (await treeFiles(world, args.positionals)).filter(({ kind }) => kind === 'rules' || kind === 'unreadable')
    const documents: LintDocument[] = []
    for (const [i, { kind, text, name }] of files.entries()) {
      world.terminal.progress(`reading ${i} of ${counted(files.length, 'file')}`)
      documents.push(...(kind === 'rules' ? readLintDocuments(text, name, options) : [unreadDocument(name, text)]))
      if (await stopped(world)) return EXIT.interrupted
    }
    const reports: Report[] = []
    let seen = 0
    const lints = LINTS.filter(({ code }) => !disabled.has(code))
    for (const found of lintEach(documents, lints)) {
      reports.push(...found)
      world.terminal.progress(`looking over ${++seen} of ${counted(documents.length, 'document')}`)
      if (await stopped(world)) return EXIT.interrupted
    }
    const shown = reports.filter(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least))
    tell(shown, args.flag('json'), world)
    tellCounts(shown, world)
    const count = (severity: Severity): number => reports.filter(each => each.severity === severity).length
    const hidden = reports.length - shown.length
    const sums = [counted(count('error'), 'error'), counted(count('warning'), 'warning'), counted(count('info'), 'note')]
    world.terminal.line(
      `${counted(documents.length, 'document')} in ${counted(files.length, 'file')}: ${sums.join(', ')}${hidden > 0 ? ` (${hidden} not shown: --severity info)` : ''}`,
    )
    return shown.some(({ severity }) => severity !== 'info') ? EXIT.found : EXIT.ok
  },
}

/** Whether a signal came: they are only heard between two pieces of work. */
async function stopped({ signal }: World): Promise<boolean> {
  await setImmediate()
  return signal.aborted
}

/** How often each code is told, the most frequent first. */
function tellCounts(reports: readonly Report[], { terminal }: World): void {
  const counts = [...Map.groupBy(reports, ({ code }) => code)].map(([code, { length }]) => [code, length] as const)
  if (counts.length > 1)
    terminal.line(
      counts
        .toSorted(([, a], [, b]) => b - a)
        .map(([code, count]) => `${count} ${code}`)
        .join(', '),
    )
}

function severityOf(text: string): Severity {
  const found = SEVERITIES.find(severity => severity === text)
  if (!found) throw new ConfigError(`rules lint: --severity: ${oneOf(text, SEVERITIES, 'unknown severity')}`)
  return found
}

function codesOf(text: string | undefined): string[] {
  const codes = text?.split(',').map(code => code.trim()) ?? []
  const known = LINTS.map(({ code }) => code)
  const odd = codes.find(code => !known.includes(code))
  if (odd !== undefined) throw new ConfigError(`rules lint: --disable: ${oneOf(odd, known, 'unknown code')}`)
  return codes
}

function tell(reports: readonly Report[], json: boolean, { out }: World): void {
  const paint = paintOf(out)
  if (json) {
    for (const report of reports) out.write(`${JSON.stringify(report)}\n`)
    return
  }
  const mended = new Set<string>()
  for (const { code, severity, file, line, column, message, mend } of reports) {
    out.write(`${plain(file)}:${line}:${column} ${paint(COLOURS[severity], severity)} ${code}: ${plain(message)}\n`)
    // The way to mend is the same each time: once is enough.
    if (!mended.has(code) && code !== 'refused') out.write(`    ${mend}\n`)
    mended.add(code)
  }
}

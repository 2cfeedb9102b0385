import { ConfigError, oneOf } from '@weir/ingest'
import { lint as lintDocuments, LINTS, type Report, readLintDocuments, SEVERITIES, type Severity } from '@weir/sigma/lint'
import { type Command, EXIT, type World } from '../../command.ts'
import { plain, table } from '../../terminal.ts'
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
  help: 'Exit code 3 when an error or a warning is told.',
  async run(args, world) {
    if (args.flag('codes')) {
      world.out.write(`${table(LINTS.map(({ code, severity, about }) => [code, severity, about])).join('\n')}\n`)
      return EXIT.ok
    }
    if (args.positionals.length === 0) throw new ConfigError('rules lint: name the files or folders to look over')
    const least = severityOf(args.text('severity') ?? 'warning')
    const disabled = new Set(codesOf(args.text('disable')))
    const { options } = await readContext(world, args.text('config'))
    const files = (await treeFiles(world, args.positionals)).filter(({ kind }) => kind === 'rules')
    const documents = files.flatMap(({ text, name }, i) => {
      if (i % 100 === 0) world.terminal.progress(`reading ${i} of ${files.length} files`)
      return readLintDocuments(text, name, options)
    })
    world.terminal.progress(`looking over ${documents.length} documents`)
    const reports = lintDocuments(
      documents,
      LINTS.filter(({ code }) => !disabled.has(code)),
    )
    const shown = reports.filter(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least))
    tell(shown, args.flag('json'), world)
    const count = (severity: Severity): number => reports.filter(each => each.severity === severity).length
    const hidden = reports.length - shown.length
    world.terminal.line(
      `${documents.length} documents in ${files.length} files: ${count('error')} errors, ${count('warning')} warnings, ${count('info')} notes${hidden > 0 ? ` (${hidden} not shown: --severity info)` : ''}`,
    )
    return shown.some(({ severity }) => severity !== 'info') ? EXIT.found : EXIT.ok
  },
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

function tell(reports: readonly Report[], json: boolean, { out, terminal }: World): void {
  if (json) {
    for (const report of reports) out.write(`${JSON.stringify(report)}\n`)
    return
  }
  const mended = new Set<string>()
  for (const { code, severity, file, line, column, message, mend } of reports) {
    out.write(`${plain(file)}:${line}:${column} ${terminal.paint(COLOURS[severity], severity)} ${code}: ${plain(message)}\n`)
    // The way to mend is the same each time: once is enough.
    if (!mended.has(code) && code !== 'refused') out.write(`    ${mend}\n`)
    mended.add(code)
  }
}

import { LINTS, SEVERITIES } from './index.ts'

const START = '<!-- lints: written by build/lints.ts -->'
const END = '<!-- end of lints -->'

/** Puts the table of lints into a README, between its marks: the most severe first. Throws when the marks are not there. */
export function withLintTable(readme: string): string {
  const rows = LINTS.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)).map(
    ({ code, severity, about, mend }) => [`\`${code}\``, severity, cell(about), cell(mend)],
  )
  const head = ['code', 'severity', 'what it looks for', 'how to mend it']
  const table = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
  const start = readme.indexOf(START)
  const end = readme.indexOf(END)
  if (start < 0 || end < start) throw new Error(`README.md: the marks of the table are missing: ${START} and ${END}`)
  return `${readme.slice(0, start + START.length)}\n${table}\n${readme.slice(end)}`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** One file of JUnit XML, as CI systems read it: https://github.com/testmoapp/junitxml describes the dialect that they share. */
export interface Suite {
  readonly name: string
  readonly cases: readonly TestCase[]
}

export interface TestCase {
  readonly name: string
  /** What CI groups by; here the rule's title. */
  readonly group: string
  /** The file that a person would open, and the line in it. */
  readonly file?: string
  readonly line?: number
  /** Why it failed: the first line is the message. */
  readonly failure?: string
  /** What is worth reading though it passed. */
  readonly output?: string
}

/** Writes suites as JUnit XML. Text of unknown origin is safe in it: what XML 1.0 cannot hold becomes U+FFFD. */
export function junit(name: string, suites: readonly Suite[]): string {
  const body = suites.map(suite => {
    const cases = suite.cases.map(caseXml)
    return `  <testsuite${attributes({ name: suite.name, ...counts(suite.cases) })}>\n${cases.join('')}  </testsuite>\n`
  })
  const all = counts(suites.flatMap(({ cases }) => cases))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ name, ...all })}>\n${body.join('')}</testsuites>\n`
}

function counts(cases: readonly TestCase[]): { readonly tests: number; readonly failures: number } {
  return { tests: cases.length, failures: cases.filter(({ failure }) => failure !== undefined).length }
}

function caseXml({ name, group, file, line, failure, output }: TestCase): string {
  const head = `    <testcase${attributes({ name, classname: group, file, line })}`
  const [message = ''] = failure?.split('\n') ?? []
  const inside = [
    ...(failure === undefined ? [] : [`<failure${attributes({ message })}>${escaped(failure)}</failure>`]),
    ...(output === undefined ? [] : [`<system-out>${escaped(output)}</system-out>`]),
  ]
  return inside.length === 0 ? `${head}/>\n` : `${head}>${inside.join('')}</testcase>\n`
}

function attributes(all: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(all)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escaped(String(value))}"`]))
    .join('')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** As text or attribute: the characters of https://www.w3.org/TR/xml/#charsets, those that mean something escaped; no other control characters. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, character => ENTITIES[character] ?? '')
    .replaceAll(/[\t\n\r]/g, character => `&#${character.charCodeAt(0)};`)
}

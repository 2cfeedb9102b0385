import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isAlias, LineCounter, parseDocument, visit } from 'yaml'
import { type Config, type ConfigIssue, dotted, InvalidConfig, validateConfig } from './config.ts'
import { ConfigError } from './errors.ts'
import { bucketOf } from './packs/places.ts'

const MAX_BYTES = 1 << 20 // a config of a megabyte is a mistake

/** Reads and validates `weir.yaml` (or JSON, which is YAML); paths in it are relative to its folder. Throws `ConfigError` whose every line is `file:line:column path: what to do`. */
export async function readConfigFile(file: string): Promise<Config> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw new ConfigError(
      code === 'ENOENT' ? `${file}: there is no such file; \`weir init\` writes one` : `${file}: cannot be read (${code})`,
      { cause },
    )
  }
  return relativeTo(dirname(resolve(file)), parseConfig(text, file))
}

/** Paths in a config are relative to its file, wherever the command runs. */
function relativeTo(folder: string, config: Config): Config {
  const at = <T extends object>(part: T): T =>
    'path' in part && typeof part.path === 'string' ? { ...part, path: resolve(folder, part.path) } : part
  return {
    ...config,
    rules: {
      ...config.rules,
      paths: config.rules.paths.map(path => resolve(folder, path)),
      ...(config.rules.pack === undefined || bucketOf(config.rules.pack) ? {} : { pack: resolve(folder, config.rules.pack) }),
      mappings: config.rules.mappings.map(path => resolve(folder, path)),
      placeholders: Object.fromEntries(
        Object.entries(config.rules.placeholders).map(([name, list]) => [
          name,
          typeof list === 'string' ? resolve(folder, list) : list,
        ]),
      ),
    },
    sinks: config.sinks.map(sink => ({ ...sink, options: at(sink.options as object) })),
    state: at(config.state),
    spool: at(config.spool),
    quarantine: at(config.quarantine),
  }
}

/**
 * The same for text that is already read; its paths stay as they are. `further` is what its user asks beyond validity: deploy refuses what
 * cannot work on Lambda.
 */
export function parseConfig(text: string, file: string, further: (config: Config) => readonly ConfigIssue[] = () => []): Config {
  if (text.length > MAX_BYTES) throw new ConfigError(`${file}: is larger than 1 MiB, which no config is`)
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    prettyErrors: false,
  })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  const broken = document.errors[0]
  if (broken) throw new ConfigError(`${at(broken.pos[0])} is not valid YAML: ${broken.message}`, { cause: broken })
  visit(document, (_, node) => {
    if (isAlias(node))
      throw new ConfigError(`${at(node.range?.[0] ?? 0)} aliases (*name) are not supported in the config; write the value out`)
  })
  try {
    const config = validateConfig(document.toJS())
    const issues = further(config)
    if (issues.length > 0) throw new InvalidConfig(issues)
    return config
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error
    const where = (path: readonly (string | number)[]): string => {
      for (let length = path.length; length >= 0; length--) {
        const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
        const range = (node as { range?: [number, number, number] } | null | undefined)?.range
        if (range) return at(range[0])
      }
      return file
    }
    throw new ConfigError(error.issues.map(({ path, message }) => `${where(path)} ${dotted(path)}: ${message}`).join('\n'), {
      cause: error,
    })
  }
}

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '@weir/ingest'

/** Writes a file that a person named with an option, such as `--junit`. Throws `ConfigError` that names both where that cannot be. */
export async function writeFor(option: string, file: string, text: string, { cwd }: { readonly cwd: string }): Promise<void> {
  try {
    await writeFile(resolve(cwd, file), text)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ConfigError(`${option} ${file}: cannot be written (${code ?? message})`, { cause: error })
  }
}

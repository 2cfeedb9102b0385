import { type Assembled, assemble, type Config, ConfigError, type Surroundings } from '@weir/ingest'

/** `assemble` for a command: stores that cannot be opened are the user's to mend, so the error names them and has no stack. */
export async function openWeir(config: Config, around: Surroundings): Promise<Assembled> {
  try {
    return await assemble(config, around)
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_SQLITE_ERROR' && config.state.type === 'sqlite')
      throw new ConfigError(`state.path ${config.state.path}: ${message}; move that file away or name another`, { cause: error })
    if (typeof path === 'string') throw new ConfigError(`${path}: cannot be made or opened (${code})`, { cause: error })
    throw error
  }
}

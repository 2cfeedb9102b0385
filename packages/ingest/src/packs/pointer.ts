import { ConfigError } from '../errors.ts'

/** The small object that says which pack is the current one. It lies beside the packs, each named `<sha256>.json`. */
export interface PackPointer {
  readonly format: 'weir-pack-pointer/1'
  /** SHA-256 of the pack's bytes, 64 hexadecimal digits. */
  readonly pack: string
}

/** The pointer's name, and the most bytes that it may have. */
export const POINTER = 'current.json'
export const POINTER_BYTES = 4_096

/** The pack that a pointer names. Throws ConfigError for what is no pointer. */
export function readPointer(bytes: Uint8Array): string {
  let pointer: Partial<PackPointer> | null
  try {
    pointer = JSON.parse(new TextDecoder().decode(bytes)) as Partial<PackPointer> | null
  } catch {
    pointer = null
  }
  if (pointer?.format !== 'weir-pack-pointer/1' || !/^[0-9a-f]{64}$/.test(String(pointer.pack)))
    throw new ConfigError(`${POINTER} is no pointer to a pack: \`weir rules build\` writes one`)
  return String(pointer.pack)
}

/** The pointer's text. */
export const pointerTo = (pack: string): string =>
  `${JSON.stringify({ format: 'weir-pack-pointer/1', pack } satisfies PackPointer)}\n`

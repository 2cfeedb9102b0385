import { verifyPack } from '@weir/sigma'
import { ConfigError } from '../errors.ts'
import type { BuiltPack } from './build.ts'
import { PACK_BYTES } from './follow.ts'
import type { PackPlace } from './places.ts'
import { POINTER, pointerTo } from './pointer.ts'

/**
 * Publishes a pack: first itself, then the pointer, so that what is named is always there. All of it is checked before, as
 * those who follow the pointer will not: what would fail when a rule first matches is not published either. Its module stays behind, since no code is taken from where packs are published.
 */
export async function publishPack(place: PackPlace, { json, sha256 }: Pick<BuiltPack, 'json' | 'sha256'>): Promise<void> {
  const bytes = Buffer.byteLength(json)
  if (bytes > PACK_BYTES) throw new ConfigError(`the pack has ${bytes} bytes, more than the ${PACK_BYTES} that are taken`)
  verifyPack(JSON.parse(json))
  await place.write(`${sha256}.json`, json)
  await place.write(POINTER, pointerTo(sha256))
}

import { createCipheriv, createHash, createSecretKey } from 'node:crypto'
import { agree, CIPHER, contextOf, KEY_BYTES, nonceOf, privateKey, publicKeyOf } from './hpke.ts'

export * from './frame.ts'
export { TAG_BYTES } from './hpke.ts'

/** Encrypts to one public key. One encapsulation, any number of messages, each of which can be opened alone. */
export interface Sealer {
  /** What the receiver needs beside its private key: 32 bytes. */
  readonly encapsulated: Uint8Array
  /** Ciphertext and tag. `number` must never come twice; `bound` is not encrypted, and must be the same when it is opened. */
  seal(number: number, bound: Uint8Array, plain: Uint8Array): Uint8Array
}

/** What the key schedule is bound to: nothing that was made for another use can pass for a frame. */
export const INFO = 'weir journal 1'

/** `random` must not repeat after a restore from a snapshot: two restores would seal different frames under one nonce. Throws for a key that is none. */
export function createSealer(
  recipient: Uint8Array,
  random: (bytes: number) => Uint8Array,
  info: string | Uint8Array = INFO,
): Sealer {
  const own = privateKey(random(KEY_BYTES))
  const encapsulated = publicKeyOf(own)
  const context = contextOf(agree(own, recipient), encapsulated, recipient, info)
  // Node takes longer to find out that bytes are no key object than to encrypt with them.
  const key = createSecretKey(context.key)
  return {
    encapsulated,
    seal(number, bound, plain) {
      const cipher = createCipheriv(CIPHER, key, nonceOf(context, number))
      cipher.setAAD(bound)
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
  }
}

/** Names a public key: the first 8 bytes of its SHA-256. */
export const keyId = (key: Uint8Array): Uint8Array => createHash('sha256').update(key).digest().subarray(0, 8)

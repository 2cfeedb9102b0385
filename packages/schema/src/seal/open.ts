import { createDecipheriv, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { agree, CIPHER, type Context, contextOf, KEY_BYTES, nonceOf, privateKey, publicKeyOf, TAG_BYTES } from './hpke.ts'
import { FRAME, HEADER_BYTES, headOf, readFrame, readHeader } from './frame.ts'
import { INFO, keyId } from './seal.ts'

/** Why a sealed frame cannot be opened. `unknown-key`: it is whole, as far as can be told, and sealed to a key that is not here. */
export class SealError extends Error {
  override readonly name = 'SealError'
  readonly reason: 'corrupt' | 'unknown-key'

  constructor(reason: SealError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** A frame's plaintext, which is a batch, and what the frame says of it. */
export interface Opened {
  readonly sandbox: string
  readonly sequence: number
  readonly batch: Uint8Array
}

/** Opens what was sealed to one of its keys. */
export interface Opener {
  /** `sealed`: a journal's header and one frame. Throws SealError. */
  open(sealed: Uint8Array): Opened
  /** Ids of the keys, 16 hex digits each. */
  readonly keys: readonly string[]
}

/** How many encapsulated keys are remembered: the frames of one journal share one, and each costs a Diffie-Hellman. */
const KEPT = 64

/** `keys`: private keys, 32 bytes each, chosen by their ids. Throws RangeError for one of another length. */
export function createOpener(keys: readonly Uint8Array[]): Opener {
  const known = new Map<string, { readonly own: KeyObject; readonly recipient: Uint8Array }>()
  for (const raw of keys) {
    if (raw.length !== KEY_BYTES) throw new RangeError(`a private key has ${KEY_BYTES} bytes`)
    const own = privateKey(raw)
    const recipient = publicKeyOf(own)
    known.set(hex(keyId(recipient)), { own, recipient })
  }
  const contexts = new Map<string, Context>()

  return {
    keys: [...known.keys()],
    open(sealed) {
      const header = readHeader(sealed)
      const frame = header && readFrame(sealed, HEADER_BYTES)
      if (!header || !frame || frame.to !== sealed.length) throw new SealError('corrupt', 'not one whole frame of a journal')
      if (frame.kind < FRAME.records || frame.kind > FRAME.cut) throw new SealError('corrupt', 'a frame that holds no batch')
      const id = hex(header.keyId)
      const key = known.get(id)
      if (!key) throw new SealError('unknown-key', `sealed to the key ${id}, which is not here`)
      const { encapsulated } = header
      const name = id + hex(encapsulated)
      const bound = Buffer.concat([sealed.subarray(0, HEADER_BYTES), headOf(sealed, frame)])
      try {
        let context = contexts.get(name)
        if (!context) {
          context = contextOf(agree(key.own, encapsulated), encapsulated, key.recipient, INFO)
          if (contexts.size >= KEPT) contexts.clear()
          contexts.set(name, context)
        }
        const batch = openMessage(context, frame.number, bound, frame.content)
        return { sandbox: header.sandbox, sequence: frame.sequence, batch }
      } catch {
        throw new SealError('corrupt', 'a frame that does not open: it was changed, or sealed by something else')
      }
    },
  }
}

/** One message of a context. Throws where anything of it is not as it was sealed. */
export function openMessage(context: Context, number: number, bound: Uint8Array, content: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(CIPHER, context.key, nonceOf(context, number), { authTagLength: TAG_BYTES })
  decipher.setAAD(bound)
  decipher.setAuthTag(content.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(content.subarray(0, -TAG_BYTES)), decipher.final()])
}

/** A new pair of keys, in base64: `public` is for functions, `private` for ingest alone. */
export function makeKeys(): { readonly public: string; readonly private: string; readonly id: string } {
  const { privateKey: made } = generateKeyPairSync('x25519')
  const own = made.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES)
  const recipient = publicKeyOf(made)
  return { public: Buffer.from(recipient).toString('base64'), private: own.toString('base64'), id: hex(keyId(recipient)) }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

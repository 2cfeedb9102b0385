import { createHmac, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'

/**
 * Hybrid public key encryption, RFC 9180, in base mode and one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. What both sides share;
 * `seal.ts` and `open.ts` are the sides. Node has the primitives and not the scheme.
 */
export interface Context {
  readonly key: Uint8Array
  readonly baseNonce: Uint8Array
}

export const CIPHER = 'aes-128-gcm'
/** A public key, a private key or an encapsulated key, bytes. */
export const KEY_BYTES = 32
/** What a ciphertext is longer by than its plaintext. */
export const TAG_BYTES = 16

/** Suite ids (RFC 9180, 4.1 and 5.1): KEM 0x0020, KDF 0x0001, AEAD 0x0001. */
const KEM = 'KEM\0\x20'
const SUITE = 'HPKE\0\x20\0\x01\0\x01'
/** What stands before a raw X25519 key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410): the form that every runtime of ours reads. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI = Buffer.from('302a300506032b656e032100', 'hex')

export const privateKey = (raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: 'der', type: 'pkcs8' })

/** The raw public key that belongs to a private one. */
export const publicKeyOf = (key: KeyObject): Uint8Array =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length)

/** Throws where one of the two is no key, such as a point of small order. */
export const agree = (own: KeyObject, other: Uint8Array): Uint8Array =>
  diffieHellman({
    privateKey: own,
    publicKey: createPublicKey({ key: Buffer.concat([SPKI, other]), format: 'der', type: 'spki' }),
  })

/** The context of both sides: `shared` is the Diffie-Hellman value, `encapsulated` the sender's public key, `recipient` the receiver's. */
export function contextOf(
  shared: Uint8Array,
  encapsulated: Uint8Array,
  recipient: Uint8Array,
  info: string | Uint8Array,
): Context {
  const pair = Buffer.concat([encapsulated, recipient])
  const secret = expand(KEM, extract(KEM, '', 'eae_prk', shared), 'shared_secret', pair, 32)
  const schedule = Buffer.concat([Buffer.of(0), extract(SUITE, '', 'psk_id_hash', ''), extract(SUITE, '', 'info_hash', info)])
  const prk = extract(SUITE, secret, 'secret', '')
  return { key: expand(SUITE, prk, 'key', schedule, 16), baseNonce: expand(SUITE, prk, 'base_nonce', schedule, 12) }
}

/** The nonce of message `number`, below 2^32: each number is used once in a context. */
export function nonceOf({ baseNonce }: Context, number: number): Uint8Array {
  const nonce = Buffer.from(baseNonce)
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8)
  return nonce
}

function hmac(key: string | Uint8Array, parts: readonly (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

const extract = (suite: string, salt: string | Uint8Array, label: string, input: string | Uint8Array): Buffer =>
  hmac(salt, ['HPKE-v1', suite, label, input])

/** Nothing longer than one hash is asked for, so one block of HKDF's is all. */
const expand = (suite: string, key: Uint8Array, label: string, info: Uint8Array, bytes: number): Buffer =>
  hmac(key, [Buffer.of(0, bytes), 'HPKE-v1', suite, label, info, Buffer.of(1)]).subarray(0, bytes)

import { describe, expect, it } from 'vitest'
import { agree, contextOf, nonceOf, privateKey, publicKeyOf } from './hpke.ts'
import { openMessage } from './open.ts'
import { createSealer } from './seal.ts'

/** RFC 9180, appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
const VECTOR = {
  info: '4f6465206f6e2061204772656369616e2055726e',
  enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
  skEm: '52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736',
  pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  skRm: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
  key: '4531685d41d65f03dc48f6b8302c05b0',
  baseNonce: '56d890e5accaaf011cff4b7d',
  plain: '4265617574792069732074727574682c20747275746820626561757479',
}
/** Sequence number → ciphertext; the bound data is `Count-<number>`. */
const SEALED: Readonly<Record<number, string>> = {
  0: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  1: 'af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84',
  2: '498dfcabd92e8acedc281e85af1cb4e3e31c7dc394a1ca20e173cb72516491588d96a19ad4a683518973dcc180',
  4: '583bd32bc67a5994bb8ceaca813d369bca7b2a42408cddef5e22f880b631215a09fc0012bc69fccaa251c0246d',
  255: '7175db9717964058640a3a11fb9007941a5d1757fda1a6935c805c21af32505bf106deefec4a49ac38d71c9e0a',
  256: '957f9800542b0b8891badb026d79cc54597cb2d225b54c00c5238c25d05c30e3fbeda97d2e0e1aba483a2df9f2',
}
const bytes = (text: string): Buffer => Buffer.from(text, 'hex')
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

describe('HPKE, by the vectors of RFC 9180', () => {
  const own = privateKey(bytes(VECTOR.skRm))
  const context = contextOf(agree(own, bytes(VECTOR.enc)), bytes(VECTOR.enc), bytes(VECTOR.pkRm), bytes(VECTOR.info))
  const sealer = createSealer(bytes(VECTOR.pkRm), () => bytes(VECTOR.skEm), bytes(VECTOR.info))

  it('derives public keys, the key and the nonces', () => {
    expect(hex(publicKeyOf(own))).toBe(VECTOR.pkRm)
    expect(hex(sealer.encapsulated)).toBe(VECTOR.enc)
    expect({ key: hex(context.key), baseNonce: hex(context.baseNonce) }).toEqual({ key: VECTOR.key, baseNonce: VECTOR.baseNonce })
    expect(hex(nonceOf(context, 256))).toBe('56d890e5accaaf011cff4a7d')
  })

  it.each(Object.entries(SEALED))('seals and opens message %s', (number, sealed) => {
    const bound = Buffer.from(`Count-${number}`)
    expect(hex(sealer.seal(Number(number), bound, bytes(VECTOR.plain)))).toBe(sealed)
    expect(hex(openMessage(context, Number(number), bound, bytes(sealed)))).toBe(VECTOR.plain)
  })

  it('agrees on nothing with a point of small order', () => {
    expect(() => agree(own, new Uint8Array(32))).toThrow()
  })
})

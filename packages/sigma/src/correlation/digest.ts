/**
 * SHA-256, for names that must tell apart what hostile senders choose: values that are counted, groups with long keys. In plain arithmetic,
 * as this package knows no Node module and a browser's own is asynchronous. https://doi.org/10.6028/NIST.FIPS.180-4
 */
const ROUNDS = roundConstants()
const ENCODER = new TextEncoder()
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Characters of an event's or value's digest: 48 bits, so that 4,096 in a group are mistaken for each other once in 30 million groups. */
export const DIGEST_LENGTH = 8

/** The first `length` characters (at most 40) of a text's SHA-256 in base64url. */
export function digest(text: string, length: number = DIGEST_LENGTH): string {
  const words = sha256(ENCODER.encode(text))
  let out = ''
  for (let i = 0; i < length; i++) {
    const bit = i * 6
    const word = words[bit >> 5] ?? 0
    const next = words[(bit >> 5) + 1] ?? 0
    const at = bit & 31
    const six = at <= 26 ? word >>> (26 - at) : (word << (at - 26)) | (next >>> (58 - at))
    out += ALPHABET[six & 63]
  }
  return out
}

function sha256(bytes: Uint8Array): Uint32Array {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x2000_0000))
  view.setUint32(padded.length - 4, bytes.length << 3)
  const state = new Uint32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19])
  const schedule = new Uint32Array(64)
  for (let at = 0; at < padded.length; at += 64) block(view, at, schedule, state)
  return state
}

function block(view: DataView, at: number, w: Uint32Array, state: Uint32Array): void {
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + i * 4)
  for (let i = 16; i < 64; i++) {
    const early = w[i - 15] ?? 0
    const late = w[i - 2] ?? 0
    const a = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const b = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    w[i] = (w[i - 16] ?? 0) + a + (w[i - 7] ?? 0) + b
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let i = 0; i < 64; i++) {
    const high = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const first = (h + high + ((e & f) ^ (~e & g)) + (ROUNDS[i] ?? 0) + (w[i] ?? 0)) | 0
    const low = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const second = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] ?? 0) + word
}

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
function roundConstants(): Uint32Array {
  const constants = new Uint32Array(64)
  let found = 0
  for (let n = 2; found < 64; n++) {
    let prime = true
    for (let i = 2; i * i <= n; i++) if (n % i === 0) prime = false
    if (prime) constants[found++] = (Math.cbrt(n) % 1) * 2 ** 32
  }
  return constants
}

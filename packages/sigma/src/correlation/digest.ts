/**
 * SHA-256, for names that must tell apart what hostile senders choose: uids, values that are counted, groups with long keys. In plain arithmetic,
 * as this package knows no Node module and a browser's own is asynchronous. https://doi.org/10.6028/NIST.FIPS.180-4
 */
const ROUNDS = roundConstants()
const INITIAL = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19)
const ENCODER = new TextEncoder()
const ALPHABET = ENCODER.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

/** Characters of an event's or value's digest: 48 bits, so that 4,096 in a group are mistaken for each other once in 30 million groups. */
export const DIGEST_LENGTH = 8

// Nothing here waits for anything, so one of each is enough.
const state = new Int32Array(8)
const schedule = new Int32Array(64)
let bytes = new Uint8Array(256)

/** The first `length` characters (at most 40) of a text's SHA-256 in base64url. */
export function digest(text: string, length: number = DIGEST_LENGTH): string {
  sha256(text)
  const codes: number[] = []
  for (let i = 0; i < length; i++) {
    const bit = i * 6
    const word = state[bit >> 5] as number
    const at = bit & 31
    const six = at <= 26 ? word >>> (26 - at) : (word << (at - 26)) | ((state[(bit >> 5) + 1] as number) >>> (58 - at))
    codes.push(ALPHABET[six & 63] as number)
  }
  return String.fromCharCode(...codes)
}

/** Leaves the digest of a text in `state`. */
function sha256(text: string): void {
  const length = encode(text)
  const end = ((length + 8) >> 6) * 64 + 64
  bytes.fill(0, length, end)
  bytes[length] = 0x80
  write(end - 8, Math.floor(length / 0x2000_0000))
  write(end - 4, length << 3)
  state.set(INITIAL)
  for (let at = 0; at < end; at += 64) block(at)
}

/** Puts a text into `bytes` as UTF-8, with room for what SHA-256 adds; its length. */
function encode(text: string): number {
  const most = text.length * 3 + 72
  if (bytes.length < most) bytes = new Uint8Array(most)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return ENCODER.encodeInto(text, bytes).written
    bytes[i] = code
  }
  return text.length
}

function write(at: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (24 - 8 * i)
}

function block(from: number): void {
  const w = schedule
  for (let i = 0, at = from; i < 16; i++, at += 4) {
    const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16)
    w[i] = high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
  }
  for (let i = 16; i < 64; i++) {
    const early = w[i - 15] as number
    const late = w[i - 2] as number
    const a = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
    const b = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
    w[i] = ((w[i - 16] as number) + a + (w[i - 7] as number) + b) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const high = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const first = (h + high + ((e & f) ^ (~e & g)) + (ROUNDS[i] as number) + (w[i] as number)) | 0
    const low = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
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
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
function roundConstants(): Int32Array {
  const constants = new Int32Array(64)
  let found = 0
  for (let n = 2; found < 64; n++) {
    let prime = true
    for (let i = 2; i * i <= n; i++) if (n % i === 0) prime = false
    if (prime) constants[found++] = ((Math.cbrt(n) % 1) * 2 ** 32) | 0
  }
  return constants
}

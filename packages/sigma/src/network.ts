/** An address range: the address's numbers (4 bytes for IPv4, 8 groups of 16 bits for IPv6) and how many leading bits are fixed. */
export interface Network {
  readonly words: readonly number[]
  readonly bits: number
}

/** Reads `10.0.0.0/8` or `fe80::/10`; a bare address is a range of one. The error says what is wrong with it. */
export function parseNetwork(source: string): Network | { readonly error: string } {
  const [address = '', length, ...rest] = source.split('/')
  const words = parseAddress(address)
  if (!words || rest.length > 0)
    return { error: `"${source}" is not an IPv4 or IPv6 network; write it as 10.0.0.0/8 or fe80::/10` }
  const width = words.length === 4 ? 8 : 16
  const total = words.length * width
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > total)) {
    return { error: `"${source}" has no valid prefix length; write a number from 0 to ${total} after the slash` }
  }
  const network = { words, bits: length === undefined ? total : Number(length) }
  if (words.some((word, i) => word !== (word & mask(network.bits, i, width)))) {
    return { error: `"${source}" has host bits set; write the network's first address` }
  }
  return network
}

/** Whether `text` is an address in the network. What is no address is in none. An IPv4 address in IPv6 form is the IPv4 address. */
export function inNetwork(network: Network, text: string): boolean {
  if (text.length > 45) return false
  let words = parseAddress(text)
  if (!words) return false
  const mapped = words.length === 8 && words[5] === 0xffff && words.slice(0, 5).every(word => word === 0)
  if (mapped && network.words.length === 4) words = words.slice(6).flatMap(word => [word >> 8, word & 255])
  if (words.length !== network.words.length) return false
  const width = words.length === 4 ? 8 : 16
  return words.every((word, i) => (word & mask(network.bits, i, width)) === network.words[i])
}

/** The fixed bits of the word at `index`, where a word has `width` bits. */
function mask(bits: number, index: number, width: number): number {
  const fixed = Math.min(Math.max(bits - index * width, 0), width)
  return ((1 << width) - 1) ^ ((1 << (width - fixed)) - 1)
}

function parseAddress(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return parseIPv4(text)
  // The last two groups may be written as an IPv4 address.
  const colon = text.lastIndexOf(':')
  const dotted = text.includes('.', colon) ? parseIPv4(text.slice(colon + 1)) : undefined
  if (text.includes('.')) {
    if (!dotted) return undefined
    const [a = 0, b = 0, c = 0, d = 0] = dotted
    text = `${text.slice(0, colon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map(half => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  return groups.every(group => /^[0-9a-f]{1,4}$/i.test(group)) ? groups.map(group => Number.parseInt(group, 16)) : undefined
}

/** Leading zeros are refused, as they mean octal to some readers and decimal to others. */
function parseIPv4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
    ? parts.map(Number)
    : undefined
}

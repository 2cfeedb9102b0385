import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** A key and its self-signed certificate, in PEM. */
export interface Certified {
  readonly key: string
  readonly cert: string
}

const DAY_MS = 86_400_000
const OID = { ecdsaWithSha256: '2a8648ce3d040302', commonName: '550403', altName: '551d11', basicConstraints: '551d13' }

/**
 * A certificate for one DNS name, good from `days[0]` to `days[1]` counted from now, which is its own authority (RFC 5280, DER by hand: Node can
 * read certificates, and make none).
 */
export function certify(name: string, days: readonly [number, number] = [-1, 1]): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  const who = sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(name)))))
  const extensions = [
    sequence(oid(OID.basicConstraints), der(0x04, sequence(der(0x01, Buffer.of(0xff))))),
    sequence(oid(OID.altName), der(0x04, sequence(der(0x82, Buffer.from(name))))),
  ]
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1), randomBytes(8)),
    algorithm,
    who,
    sequence(...days.map(time)),
    who,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey))
  const base64 = sequence(body, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n').trim()
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  }
}

const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const time = (day: number): Buffer =>
  der(0x17, Buffer.from(new Date(Date.now() + day * DAY_MS).toISOString().replace(/^..|[-:T]|\.\d{3}/g, '')))

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const { length } = Buffer.concat(parts)
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), ...parts])
}

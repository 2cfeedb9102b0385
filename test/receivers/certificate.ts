import { createRequire } from 'node:module'
import type { Certificate } from './server.ts'

interface SelfSigned {
  generate(attributes: readonly object[], options: object): Promise<{ readonly private: string; readonly cert: string }>
}

/** A certificate for 127.0.0.1, made now; its own `cert` is the authority to trust. With dates in the past, an expired one. */
export async function certificate(
  options: { readonly name?: string; readonly notAfterDate?: Date; readonly notBeforeDate?: Date } = {},
): Promise<Certificate> {
  const selfsigned = createRequire(new URL('../../packages/ingest/package.json', import.meta.url))('selfsigned') as SelfSigned
  const { name = '127.0.0.1', ...dates } = options
  const altNames = name === '127.0.0.1' ? [{ type: 7, ip: name }] : [{ type: 2, value: name }]
  const made = await selfsigned.generate([{ name: 'commonName', value: name }], {
    keySize: 2048,
    algorithm: 'sha256',
    ...dates,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { key: made.private, cert: made.cert }
}

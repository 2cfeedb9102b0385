import { generate } from 'selfsigned'

/** A key and its self-signed certificate, in PEM. */
export interface Certified {
  readonly key: string
  readonly cert: string
}

const DAY_MS = 86_400_000

/** A certificate for one DNS name, good from `days[0]` to `days[1]` counted from now, which is its own authority. */
export async function certify(name: string, days: readonly [number, number] = [-1, 1]): Promise<Certified> {
  const [notBeforeDate, notAfterDate] = days.map(day => new Date(Date.now() + day * DAY_MS))
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    algorithm: 'sha256',
    ...(notBeforeDate && notAfterDate && { notBeforeDate, notAfterDate }),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  })
  return { key, cert }
}

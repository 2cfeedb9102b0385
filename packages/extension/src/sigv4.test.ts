import { describe, expect, it } from 'vitest'
import { createSigner } from './sigv4.ts'
import { fakeHost } from './testing/host.ts'

const KEYS = { keyId: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const host = fakeHost({ now: Date.UTC(2015, 7, 30, 12, 36, 0) })
const signer = createSigner(host, 'us-east-1', 'service')
const sign = (method: string, headers: Record<string, string>): string | undefined => {
  const request = { method, path: '/', headers: { host: 'example.amazonaws.com', ...headers }, body: Buffer.alloc(0) }
  return signer.sign(request, KEYS)['authorization']?.split('Signature=')[1]
}

describe('Signature Version 4', () => {
  // AWS's signature test suite: get-vanilla, post-vanilla, get-header-value-trim.
  it('signs as the published vectors do', () => {
    expect(sign('GET', {})).toBe('5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31')
    expect(sign('POST', {})).toBe('5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b')
  })

  // The value was worked out with @smithy/signature-v4 5.7.5 for the same request.
  it('signs a PutRecords with a session token as the SDK does', () => {
    const at = fakeHost({ now: Date.UTC(2026, 10, 22, 4, 5, 6) })
    const headers = {
      host: 'kinesis.eu-central-1.amazonaws.com',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.PutRecords',
    }
    const request = { method: 'POST', path: '/', headers, body: Buffer.from('{"Records":[]}') }
    const kinesis = createSigner(at, 'eu-central-1', 'kinesis')
    const expected = {
      'x-amz-date': '20261122T040506Z',
      'x-amz-security-token': 'IQoJb3JpZ2luX2VjEXAMPLE',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/kinesis/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=c275b01b48b76b1606e372581a99137be27ce1f9d14b649134e250444ab507b5',
    }
    for (let again = 0; again < 2; again++)
      expect(kinesis.sign(request, { ...KEYS, token: 'IQoJb3JpZ2luX2VjEXAMPLE' })).toEqual(expected)
    at.advance(86_400_000)
    expect(kinesis.sign(request, KEYS)['authorization']).toContain('/20261123/')
  })
})

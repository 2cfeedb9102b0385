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
})

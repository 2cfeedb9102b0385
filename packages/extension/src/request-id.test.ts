import { describe, expect, it } from 'vitest'
import { REQUEST_ID_NAMES, requestIdIn } from './request-id.ts'

const ID = '0f6a1c52-7d1e-4b8a-9c3f-2a5b6c7d8e9f'
const OTHER = ID.replace('0', '1')

describe('a request id', () => {
  it('is found under the first name that has one', () => {
    expect(requestIdIn({ requestId: ID, AWSRequestId: OTHER }, REQUEST_ID_NAMES)).toBe(ID)
    expect(requestIdIn({ AWSRequestId: OTHER }, REQUEST_ID_NAMES)).toBe(OTHER)
    expect(requestIdIn({ requestId: 'mine', AWSRequestId: OTHER }, REQUEST_ID_NAMES)).toBe(OTHER)
    expect(requestIdIn({ other: ID }, REQUEST_ID_NAMES)).toBe('')
  })

  it.each([
    '',
    'a',
    'AKIAQ3EGRIXAMPLE4Z7T',
    '-'.repeat(36),
    ID.replaceAll('-', ''),
    ID.replaceAll('-', '0'),
    ID.toUpperCase(),
    `${ID} `,
    `${ID}\n`,
    7,
    null,
    [ID],
    { id: ID },
  ])('is not %j', value => {
    expect(requestIdIn({ requestId: value }, REQUEST_ID_NAMES)).toBe('')
  })

  it.each([undefined, null, ID, 7])('is in no %j', record => {
    expect(requestIdIn(record, REQUEST_ID_NAMES)).toBe('')
  })
})

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { tellExtensions } from './extensions.ts'

const SCRIPT = '#!/bin/sh\nexec /opt/agent/run\n'
const TREE = {
  '/opt/extensions/weir': '#!/bin/bash\n',
  '/opt/extensions/agent': SCRIPT,
  '/opt/extensions/large': new Uint8Array(70_000),
  '/opt/nodejs/node_modules/x/package.json': '{}',
}
const registered = ['weir', 'agent', 'hidden'].map(name => ({ name, state: 'Ready', events: ['INVOKE'] }))

function told(env: Record<string, string> = {}, tree: Parameters<typeof memoryFiles>[0] = TREE) {
  const { recorder, host, shipped } = testRecorder(env)
  Object.assign(host, { files: memoryFiles(tree) })
  tellExtensions(recorder, registered)
  return shipped()[0]?.body as Record<string, unknown>
}

describe('what is told of extensions', () => {
  it('names those that registered, their files, and those without one', () => {
    const sha256 = createHash('sha256').update(SCRIPT).digest('hex')
    const body = told()
    expect(body).toMatchObject({ registered, internal: ['hidden'], layers: ['extensions', 'nodejs'] })
    expect(body['files']).toEqual([
      { name: 'agent', bytes: SCRIPT.length, sha256 },
      { name: 'large', bytes: 70_000 },
      { name: 'weir', bytes: 12, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ])
    expect(body).not.toHaveProperty('unlisted')
  })

  it('names who is on no list, where there is a list', () => {
    expect(told({ WEIR_ALLOWED_EXTENSIONS: 'agent, large' })['unlisted']).toEqual(['hidden'])
    expect(told({ WEIR_ALLOWED_EXTENSIONS: '' })['unlisted']).toEqual(['agent', 'hidden', 'large'])
  })

  it('stands any number of names of any length', () => {
    const many = Object.fromEntries([...Array(500)].map((_, each) => [`/opt/extensions/${each}${'x'.repeat(255)}`, '']))
    const body = told({}, many) as { files: { name: string }[] }
    expect(body.files).toHaveLength(16)
    expect(body.files[0]?.name).toHaveLength(128)
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-check-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('weir check', () => {
  it('names file, line and column of what is wrong, and the way out', async () => {
    await writeFile(
      join(folder, 'weir.yaml'),
      'sinks:\n  - name: soc\n    type: splunk\n    url: hec.example.com\n    token: env:T\n',
    )
    const { code, err } = await weir(['check'], { cwd: folder })
    expect(code).toBe(2)
    expect(err).toMatch(/weir\.yaml:4:10 sinks\[0\]\.url: expected a URL, got "hec\.example\.com"; add https:\/\//)
  })

  it('says that there is no file, and how to get one', async () => {
    expect((await weir(['check', 'none.yaml'], { cwd: folder })).err).toMatch(
      /none\.yaml: there is no such file; `weir init` writes one/,
    )
  })

  it('with --connect, asks each sink for its health and its opinion of the credentials', async () => {
    const server = createServer((request, response) => {
      request.resume()
      const known = request.headers.authorization === 'Splunk right'
      response.writeHead(known ? 200 : 403, { 'content-type': 'application/json' })
      response.end(known ? '{"text":"HEC is healthy","code":17}' : '{"text":"Invalid token","code":4}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await writeFile(join(folder, 'up.yaml'), `sinks:\n  - name: soc\n    type: splunk\n    url: ${url}\n    token: env:T\n`)
      const good = await weir(['check', '--connect', 'up.yaml'], { cwd: folder, env: { T: 'right' } })
      expect(good.err).toMatch(/ok +soc \(splunk\)/)
      expect(good.code).toBe(0)
      const bad = await weir(['check', '--connect', 'up.yaml'], { cwd: folder, env: { T: 'wrong' } })
      expect(bad.err).toMatch(/failed +soc \(splunk\): /)
      expect(bad.err).not.toContain('wrong')
      expect(bad.code).toBe(3)
      const unset = await weir(['check', '--connect', 'up.yaml'], { cwd: folder, env: {} })
      expect(unset.err).toMatch(/env:T/)
      expect(unset.code).toBe(3)
    } finally {
      server.closeAllConnections()
      server.close()
    }
    const gone = await weir(['check', '--connect', 'up.yaml'], { cwd: folder, env: { T: 'right' } })
    expect(gone.err).toMatch(/failed +soc/)
  })
})

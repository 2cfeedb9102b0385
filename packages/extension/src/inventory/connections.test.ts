import { describe, expect, it } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { lookAtConnections } from './connections.ts'

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (remote: string, state = '01', inode = 0) =>
  `   0: 0200FEA9:C350 ${remote} ${state} 00000000:00000000 00:00000000 00000000   993        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`

function sandbox(tcp: string, tcp6 = '', more: Record<string, Entry> = {}) {
  const { recorder, host, shipped } = testRecorder()
  let opens = 0
  const tree: Record<string, Entry> = { '/opt/extensions/weir': '', ...more }
  const files = memoryFiles(tree)
  Object.assign(host, { files })
  const set = (table: string, table6 = '') => {
    opens++
    tree['/proc/net/snmp'] = `Ip: 1 64\nTcp: RtoAlgorithm RtoMin\nTcp: 1 200 120000 -1 ${opens} 0 0 0 4 1 1 0 0 0 0\n`
    tree['/proc/net/tcp'] = HEAD + table
    tree['/proc/net/tcp6'] = HEAD + table6
  }
  set(tcp, tcp6)
  return {
    set,
    files,
    look: (ms = 1_000) => {
      host.advance(ms)
      lookAtConnections(recorder)
      return shipped()
        .filter(({ signal }) => signal === 'weir.connections')
        .map(({ body }) => body)
    },
  }
}

describe('a look at connections', () => {
  it('tells of each other end once, with the address as people write it', () => {
    const { look, set } = sandbox(
      row('097100CB:01BB') + row('097100CB:01BB') + row('0A0200C0:0D3D', '02') + row('057100CB:0050', '06'),
    )
    expect(look()).toEqual([
      { ip: '203.0.113.9', port: 443, state: 'established', opened: 1 },
      { ip: '192.0.2.10', port: 3389, state: 'opening', opened: 1 },
      { ip: '203.0.113.5', port: 80, state: 'closing', opened: 1 },
    ])
    set(row('097100CB:01BB') + row('097100CB:1A0B'))
    expect(look()).toEqual([{ ip: '203.0.113.9', port: 6667, state: 'established', opened: 2 }])
  })

  it('reads addresses of IPv6, and those of IPv4 inside of them', () => {
    const { look } = sandbox('', row('B80D01200000000000000000FE000000:01BB') + row('0000000000000000FFFF0000097100CB:01BB'))
    expect(look()).toMatchObject([{ ip: '2001:db8:0:0:0:0:0:fe' }, { ip: '203.0.113.9' }])
  })

  it.each([
    ['loopback', '0100007F:2329'],
    ['nowhere', '00000000:0000'],
    ['the interface of Lambda', '0164FEA9:2329'],
    ['IPv6 loopback', '00000000000000000000000001000000:2329'],
    ['IPv4 loopback inside IPv6', '0000000000000000FFFF00000100007F:2329'],
  ])('leaves out %s', (_, remote) => {
    expect(sandbox(row(remote), row(remote)).look()).toEqual([])
  })

  it.each([
    ['169.254.169.254', 'FEA9FEA9:0050'],
    ['169.254.170.2', '02AAFEA9:0050'],
  ])('tells of metadata at %s, also where nobody answers', (ip, remote) => {
    expect(sandbox(row(remote, '02')).look()).toMatchObject([{ ip, port: 80, state: 'opening' }])
  })

  it('leaves out sockets that listen, and our own', () => {
    const own = { '/proc/self/fd/7': { link: 'socket:[777]' } }
    const { look, set } = sandbox(row('097100CB:01BB', '0A') + row('0A0200C0:01BB', '01', 777), '', own)
    expect(look()).toEqual([])
    set(row('0A0200C0:01BB', '06'))
    expect(look()).toEqual([])
  })

  it('reads no table while the kernel has opened nothing, nor more than once a second', () => {
    const { look, set, files } = sandbox('')
    look()
    files.asked.read = 0
    look()
    expect(files.asked.read).toBe(1)
    set(row('097100CB:01BB'))
    expect(look(999)).toEqual([])
    expect(look(1)).toHaveLength(1)
  })

  it('tells 16 a look and 256 a sandbox, and stands tables that are nonsense', () => {
    const many = Array.from({ length: 400 }, (_, each) =>
      row(`${(0x0a000000 + each).toString(16).toUpperCase().padStart(8, '0')}:01BB`),
    )
    const { look, set } = sandbox(many.join(''))
    const told = [...Array(40)].map(() => look().length)
    expect(told.slice(0, 2)).toEqual([16, 16])
    expect(told.reduce((sum, each) => sum + each, 0)).toBe(256)
    set(`${'x '.repeat(50_000)}\n${row('ZZZZZZZZ:01BB')}`)
    expect(look()).toEqual([])
  })
})

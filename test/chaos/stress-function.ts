import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { makeKeys } from '@weir/schema/open'
import { keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
import { askForEver, attack, listenerPort } from './stress-attack.ts'
import { BOMBS, DEEP, ODDITIES } from './stress-bombs.ts'

/** What the function is asked to do. What it answers depends on the order alone, so that it can be compared with and without the extension. */
export type Order =
  | { readonly do: 'lines'; readonly name: string; readonly count: number; readonly bytes?: number; readonly noise?: boolean }
  | { readonly do: 'binary'; readonly seed: string }
  | { readonly do: 'letters' }
  | { readonly do: 'controls' }
  | { readonly do: 'bombs'; readonly shallow?: boolean }
  | { readonly do: 'attack' }
  | { readonly do: 'never-read'; readonly seconds: number }
  | { readonly do: 'vandal'; readonly how: 'link' | 'file' | 'closed' | 'scribble' | 'plant' | 'fill' | 'read' }
  | { readonly do: 'crash' }

const print = (text: string): void => console.log(text) // oxlint-disable-line no-console -- a function's log
const folder = (): string => `${process.env['STRESS_TMP']}/.weir`
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const DEEDS: { readonly [Name in Order['do']]: (order: Extract<Order, { do: Name }>, requestId: string) => unknown } = {
  lines({ name, count, bytes = 0, noise = false }) {
    for (let n = 1; n <= count; n++)
      print(`${name} ${n} `.padEnd(bytes, noise ? randomBytes(1 + bytes / 2).toString('hex') : 'x').slice(0, bytes || undefined))
    return count
  },

  async binary({ seed }) {
    const bytes = Buffer.alloc(200_000)
    let state = seed.length
    for (let at = 0; at < bytes.length; at++) bytes[at] = (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16
    for (let at = 0; at < bytes.length; at += 20_000) {
      fs.writeSync(1, bytes.subarray(at, at + 20_000))
      await pause(60)
    }
    fs.writeSync(2, Buffer.concat([bytes.subarray(0, 5_000), Buffer.of(0xf0, 0x9f, 0x98, 10, 0xc0, 0x80, 0xed, 0xa0, 0x80, 10)]))
    for (const line of ODDITIES) print(line)
    return bytes.length
  },

  async letters() {
    for (let n = 0; n < 12; n++) {
      print(Array.from(randomBytes(200_000), byte => (byte & 1 ? 'x' : 'y')).join(''))
      await pause(60)
    }
    return 12
  },

  controls() {
    // The longest line that there is, and each of its characters takes six bytes in JSON.
    for (const unit of ['\u0001', '\u0000', '"', '\\']) print(unit.repeat(262_144))
    return 4
  },

  async bombs({ shallow = false }) {
    for (const bomb of shallow ? BOMBS.filter(each => !DEEP.includes(each)) : [...BOMBS, ...DEEP]) {
      print(bomb)
      fs.writeSync(1, `${bomb}\n`)
      // So that the platform has sent one before the next one comes: what it drops is no trial.
      await pause(60)
    }
    return 'bombed'
  },

  async attack(_, requestId) {
    const port = listenerPort()
    if (port) await attack(port, requestId, n => print(`real ${n}`))
    else await pause(3_000)
    return 'attacked'
  },

  async 'never-read'({ seconds }) {
    const port = listenerPort()
    if (port) askForEver(port, seconds)
    print('asked')
    await pause(1_000 * seconds)
    return seconds
  },

  vandal({ how }) {
    const path = folder()
    const attempt = (task: () => void) => {
      try {
        task()
      } catch {
        // Without the extension there is nothing to vandalize.
      }
    }
    print(`vandal: ${how}`)
    if (how === 'link' || how === 'file') {
      attempt(() => fs.rmSync(path, { recursive: true, force: true }))
      if (how === 'file') fs.writeFileSync(path, 'mine')
      else {
        fs.mkdirSync(`${path}-elsewhere`, { recursive: true })
        fs.symlinkSync(`${path}-elsewhere`, path)
      }
    } else if (how === 'closed') attempt(() => fs.chmodSync(path, 0))
    else if (how === 'scribble') {
      attempt(() => {
        for (const name of fs.readdirSync(path)) {
          const bytes = fs.readFileSync(`${path}/${name}`)
          for (let at = 200; at < bytes.length; at += 997) bytes[at] = (bytes[at] ?? 0) ^ 0x55
          fs.writeFileSync(`${path}/${name}`, bytes)
        }
      })
    } else if (how === 'plant') plant(path)
    else if (how === 'fill') {
      const file = fs.openSync(`${process.env['STRESS_TMP']}/fill`, 'w')
      attempt(() => {
        for (const piece = Buffer.alloc(262_144); ; ) fs.writeSync(file, piece)
      })
      attempt(() => {
        for (const piece = Buffer.alloc(1); ; ) fs.writeSync(file, piece)
      })
      fs.closeSync(file)
    }
    return how
  },

  crash: () => process.exit(7),
}

export const handler = async (order: Order, context: { readonly awsRequestId: string }): Promise<unknown> => {
  const deed = DEEDS[order.do] as (order: Order, requestId: string) => unknown
  return { did: order.do, answer: await deed(order, context.awsRequestId) }
}

/** A journal that a killed process might have left: of another sandbox, old, well formed in front, and far too long. */
function plant(path: string): void {
  fs.mkdirSync(path, { recursive: true })
  const key = Buffer.from(makeKeys().public, 'base64')
  for (let n = 0; n < 100; n++) {
    const sandbox = randomBytes(16).toString('hex')
    const file = `${path}/${sandbox}.0.journal`
    const sealed = randomBytes(100)
    const frames = Array.from({ length: 20 }, (_, at) => writeFrame(writeHead(1, sealed.length, at, at + 1), sealed))
    fs.writeFileSync(file, Buffer.concat([writeHeader({ keyId: keyId(key), sandbox, encapsulated: randomBytes(32) }), ...frames]))
    if (n % 10 === 0) fs.truncateSync(file, 40_000_000)
    if (n % 10 === 1) fs.writeFileSync(file, randomBytes(5_000))
    fs.utimesSync(file, 1_000_000, 1_000_000)
  }
  fs.mkdirSync(`${path}/${'0'.repeat(32)}.0.journal`, { recursive: true })
  fs.symlinkSync('/dev/zero', `${path}/${'1'.repeat(32)}.0.journal`)
}

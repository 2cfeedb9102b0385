import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('an emulator that is killed', () => {
  it('leaves no frozen sandbox behind', async () => {
    const tempFolder = mkdtempSync(join(tmpdir(), 'weir-emulator-'))
    const script = `
      import { startLambda } from ${JSON.stringify(new URL('lambda.ts', import.meta.url).href)}
      const lambda = startLambda({ tempFolder: ${JSON.stringify(tempFolder)} })
      const taskRoot = ${JSON.stringify(fileURLToPath(new URL('fixtures/handler', import.meta.url)))}
      const f = lambda.createFunction({ name: 'f', taskRoot, handler: 'index.count', timeoutSeconds: 20 })
      const { payload } = await f.invoke()
      await f.idle()
      process.stdout.write(JSON.stringify(payload))
      setInterval(() => {}, 1000)
    `
    const emulator = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [output]: unknown[] = await once(emulator.stdout, 'data')
    const { pid }: { pid: number } = JSON.parse(String(output))
    expect(alive(pid)).toBe(true)
    emulator.kill('SIGKILL')
    while (alive(pid)) await new Promise(resolve => setTimeout(resolve, 5))
    rmSync(tempFolder, { recursive: true, force: true })
  })
})

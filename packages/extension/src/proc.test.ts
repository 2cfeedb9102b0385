import { expect, it } from 'vitest'
import { textOf } from './proc.ts'
import { memoryFiles } from './testing/files.ts'

it('reads so much of a file, whatever its bytes are, and nothing of one that is not there', () => {
  const files = memoryFiles({ '/proc/9/stat': Buffer.from([0x39, 0xff, 0x20, 0x53]), '/proc/long': 'x'.repeat(5_000) })
  expect(textOf(files, '/proc/9/stat')).toBe('9\xff S')
  expect(textOf(files, '/proc/9/stat', 1)).toBe('9')
  expect(textOf(files, '/proc/long')).toHaveLength(4_096)
  expect(textOf(files, '/proc/10/stat')).toBe('')
})

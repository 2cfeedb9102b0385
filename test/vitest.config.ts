import { defineConfig } from 'vitest/config'
import { ClosingLine } from './closing-line.ts'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['packages/*/{src,build}/**/*.test.ts', 'deploy/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
    pool: 'forks',
    reporters: process.env['VERBOSE'] ? ['verbose', new ClosingLine()] : ['default', new ClosingLine()],
  },
})

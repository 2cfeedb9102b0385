import type { Scenario } from './stress-stage.ts'

const MEGABYTE = 1_000_000

/** What a function can print. */
export const LINES: readonly Scenario[] = [
  {
    name: 'many-lines',
    what: '100,000 lines in one invocation',
    atLeast: 100_000,
    async play({ invoke }) {
      await invoke({ do: 'lines', name: 'line', count: 100_000 })
      await invoke({ do: 'lines', name: 'after', count: 1 })
    },
  },
  {
    name: 'one-line',
    what: 'one line of 100 MB, and as much in lines of 1 MB',
    atLeast: 700,
    async play({ invoke }) {
      await invoke({ do: 'lines', name: 'long', count: 1, bytes: 100 * MEGABYTE })
      await invoke({ do: 'lines', name: 'wide', count: 100, bytes: MEGABYTE })
      await invoke({ do: 'lines', name: 'noise', count: 100, bytes: MEGABYTE, noise: true })
      await invoke({ do: 'lines', name: 'after', count: 1 })
    },
  },
  {
    name: 'binary',
    what: 'bytes that are no text, escapes, telemetry and JSON bombs as lines',
    atLeast: 500,
    async play({ invoke }) {
      for (const seed of ['a', 'bb', 'ccc']) await invoke({ do: 'binary', seed })
      for (let times = 0; times < 3; times++) await invoke({ do: 'bombs' })
      await invoke({ do: 'lines', name: 'after', count: 10 })
    },
    wrong: ({ books, printed }) => (books.lines > printed / 2 ? [] : ['the platform dropped most of it: that is no trial']),
  },
  {
    name: 'letters',
    what: 'megabytes of two letters in no order, the worst that there is for deflate',
    atLeast: 13,
    async play({ invoke }) {
      await invoke({ do: 'letters' })
      await invoke({ do: 'lines', name: 'after', count: 1 })
    },
    wrong: ({ books, printed }) => (books.lines > printed / 2 ? [] : ['the platform dropped most of it: that is no trial']),
  },
  {
    name: 'controls',
    what: 'the longest lines of characters that JSON writes with six bytes',
    atLeast: 5,
    // A POST that is too large is counted as one, whatever was in it.
    loose: 'events',
    async play({ invoke }) {
      await invoke({ do: 'controls' })
      await invoke({ do: 'lines', name: 'after', count: 10 })
    },
  },
  {
    name: 'json-format',
    what: 'the same bombs under the log format JSON, where the platform parses them',
    options: { logFormat: 'JSON' },
    async play({ invoke }) {
      await invoke({ do: 'bombs', shallow: true })
      await invoke({ do: 'binary', seed: 'json' })
      await invoke({ do: 'lines', name: 'after', count: 10 })
    },
  },
]

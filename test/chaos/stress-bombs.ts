/** An event of the Telemetry API. */
export const event = (type: string, record: unknown): object => ({ time: new Date().toISOString(), type, record })

/** Lines that are hard to read, or look like something else. */
export const ODDITIES: readonly string[] = [
  '',
  '\u0000\u0001\u0002\u0003\u0004\u0005',
  '\u001b[31mred\u001b[0m\u001b]8;;http://example.com\u0007link\u001b]8;;\u0007\u001b[2J\u001bc',
  '\ud800 alone \udfff',
  '\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'caf\u00e9 \u{1f600} \u202e desrever \ufeff \u2028 \u2029',
  'weir: own line',
  'START RequestId: 00000000-0000-4000-8000-000000000000 Version: $LATEST',
  'REPORT RequestId: 00000000-0000-4000-8000-000000000000\tDuration: 1 ms',
  JSON.stringify([event('platform.runtimeDone', { requestId: 'x', status: 'success' })]),
  JSON.stringify(event('weir.end', { reason: 'spindown', waiting: { kept: 0, log: 0, cut: 0 } })),
  JSON.stringify(event('weir.dropped', { reason: 'buffer-full', records: 1e9, bytes: 1e9 })),
  JSON.stringify(event('platform.logsDropped', { droppedRecords: 1e9, droppedBytes: 1e9, reason: 'no' })),
]

/** JSON that can hardly be parsed, or be written again when it was. */
export const DEEP: readonly string[] = [
  '['.repeat(100_000),
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
]

/** JSON that costs more than it looks, or means something to somebody. */
export const BOMBS: readonly string[] = [
  `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
  `{"n":${'9'.repeat(100_000)}}`,
  '{"n":1e400,"m":-1e-400,"k":123456789012345678901234567890}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  `[${'0,'.repeat(100_000)}0]`,
  `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":${n}`).join(',')}}`,
  `{"requestId":"${'a'.repeat(50_000)}","level":"${'ERROR'.repeat(10_000)}"}`,
  `{"_aws":{"CloudWatchMetrics":[${'{},'.repeat(10_000)}{}]}}`,
  `{"Records":[${'{"eventSource":"aws:sqs","body":"{\\"requestContext\\":1}"},'.repeat(900)}{}]}`,
  `{"requestContext":${'{"requestContext":'.repeat(500)}1${'}'.repeat(500)}}`,
]

/** Avro's encoding of a short string: so a whole name table entry matches, length and all. */
const avro = (text: string): string => String.fromCharCode(text.length * 2) + text

/** The signal table's entries for records in compact form. */
const packed = (...signals: readonly string[]): string => signals.map(signal => `${avro(signal)}\x06`).join('')

/**
 * Preset dictionary 1: what payloads are made of, in our own words. Deflate looks back into it as if it had just been sent, and nearer matches
 * are cheaper, so the commonest parts stand last. Frozen, because a reader needs these very bytes (a test pins their digest): an improvement is
 * dictionary 2.
 */
const DICTIONARY_1 = [
  // Log lines of the runtimes and of common loggers, rarest first.
  'Exception in thread "main" java.lang.RuntimeException: at com.amazonaws.services.lambda.runtime.',
  'Traceback (most recent call last):\n  File "/var/task/lambda_function.py", line , in lambda_handler\n    raise ',
  'node:internal/modules/cjs/loader /var/runtime/index.mjs:\n    at async Runtime.handler (file:///var/task/index.mjs:',
  'panic: runtime error: goroutine [running]: main.handleRequest(/var/task/bootstrap',
  '[ERROR] [WARNING] [INFO] [DEBUG]\tTask timed out after  seconds\n',
  'RequestId:  Error: Runtime exited with error: signal: killed Runtime.ExitError',
  'Unhandled Promise Rejection Runtime.UnhandledPromiseRejection Runtime.ImportModuleError Cannot find module ',
  '{"errorType":"TypeError","errorMessage":"Cannot read properties of undefined (reading \'","stack":["TypeError: "," at ","code":"ECONNREFUSED',
  'https://sqs..amazonaws.com/ https://dynamodb..amazonaws.com/ s3.amazonaws.com/ secretsmanager.eu-central-1.amazonaws.com',
  'arn:aws:s3:::arn:aws:iam::role/arn:aws:sns:arn:aws:sqs:arn:aws:dynamodb:table/arn:aws:kinesis:stream/arn:aws:secretsmanager:secret:',
  'AccessDeniedException User is not authorized to perform: on resource: because no identity-based policy allows the action',
  'ConditionalCheckFailedException ProvisionedThroughputExceededException ThrottlingException ValidationException ResourceNotFoundException',
  'GET /api/v1/ HTTP/1.1" 200 POST PUT DELETE /health "user-agent":"Mozilla/5.0 ","x-forwarded-for":"","content-type":"application/json"',
  '"httpMethod":"POST","path":"/","statusCode":200,"sourceIp":"","userAgent":"","body":"","headers":{"queryStringParameters":null,"requestContext":{',
  '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"',
  'Some logs were dropped because the downstream consumer is slower than the logs production rate',
  '{"requestId":"","status":"success","metrics":{"durationMs":,"spans":[{"name":"","start":"","durationMs":},"runtimeVersion":"","instanceId":"/[$LATEST]',
  // Weir's own signals.
  '{"kind":"aws-access-key-id","place":"","fingerprint":"","name":"","value":"","count":,"bytes":,"records":,"pid":,"cmdline":"","[redacted:',
  avro('weir.extensions') + avro('weir.secret') + avro('weir.process') + avro('weir.environment') + avro('weir.otlp'),
  avro('buffer-full') + avro('logs-dropped') + avro('too-large') + avro('own-log') + avro('stream-rejected'),
  // JSON log lines.
  '"service":"","function_name":"","function_arn":"","function_memory_size":,"function_request_id":"","cold_start":false,"xray_trace_id":"1-',
  '"sampling_rate":0,"location":"","message":"","correlation_id":"","userId":"","orderId":"","customerId":"","accountId":"","amount":,"currency":"EUR"',
  '"durationMs":,"latency":,"elapsed":,"duration":,"status":"ok","count":,"id":"","name":"","type":"","key":"","bucket":"","table":"","url":"https://',
  '{"level":"error","time":,"msg":"","err":{"message":"request failed"},"pid":,"hostname":"169.254.',
  '{"timestamp":"2026-","level":"DEBUG","message":"","level":"WARN","message":"","level":"ERROR","message":"',
  'Z","level":"INFO","requestId":"","message":"","traceId":"","spanId":"","logger":"',
  'START RequestId:  Version: $LATEST\nEND RequestId: \nREPORT RequestId: \tDuration:  ms\tBilled Duration:  ms\tMemory Size:  MB\tMax Memory Used:  MB\n',
  // Seldom: signals, regions and runtimes beside the usual ones.
  packed(
    'platform.fault',
    'extension',
    'platform.restoreStart',
    'platform.restoreRuntimeDone',
    'platform.restoreReport',
    'platform.logsDropped',
  ),
  packed(
    'platform.telemetrySubscription',
    'platform.extension',
    'platform.initStart',
    'platform.initRuntimeDone',
    'platform.initReport',
  ),
  'ap-southeast-2 ap-northeast-1 ap-south-1 sa-east-1 ca-central-1 us-gov-west-1 eu-north-1 eu-west-3 eu-west-2 us-east-2',
  'arn:aws-us-gov:lambda:us-gov-west-1::function:arn:aws-cn:lambda:cn-north-1::function:',
  'dotnet:8.v java:21.v provided:al2023.v ruby:3.4.v nodejs:20.v python:3.12.v nodejs:22.v',
  `${avro('python:3.13.v')}${avro('provisioned-concurrency')}${avro('snap-start')}${avro('lambda-managed-instances')}`,
  // Words of log lines.
  'connected to processing received handling completed finished starting started loaded saved created updated deleted failed retrying accepted ',
  'request response event message order user customer item payment provider record batch cache hit miss queue table bucket invocation ',
  ' attempt  took  in  ms from  to  of  for  with  by \n',
  // A batch's head: whose it is.
  ...['us-west-2', 'eu-west-1', 'eu-central-1', 'us-east-1'].map(
    region =>
      `arn:aws:lambda:${region}::function:${avro('$LATEST')}${avro(region)}${avro('nodejs:24.v9')}${avro('on-demand')}${avro('0.1.0')}`,
  ),
  // Log lines as `line` writes them, behind their shape's number: 2 stands for a time, with its distance after it, 1 for the invocation.
  '\x0e\0{"level":30,"time":\x05\x01,"pid":,"hostname":"169.254.","requestId":"\x01","msg":"',
  '\x0e\0{"cold_start":true,"function_arn":"","function_memory_size":"","function_name":"","function_request_id":"\x01","level":"INFO","message":"',
  '\x0e\0{"level":"ERROR","message":"\x0e\0{"level":"WARN","message":"\x0e\0{"level":"INFO","location":"handler:","message":"\x0e\0{"level":"INFO","message":"',
  '","timestamp":"\x02\0","service":"","cold_start":true,"function_name":"","timestamp":"\x02\x01","service":"","cold_start":false,"function_name":"',
  '","function_memory_size":512,"function_arn":"arn:aws:lambda:::function:","function_request_id":"\x01","xray_trace_id":"1-"}',
  '\x0d\0[ERROR]\t\x02\0\t\x01\t\x0d\0[WARNING]\t\x02\0\t\x01\t\x0d\0[INFO]\t\x02\0\t\x01\t',
  '\x0d\0\x02\x01\t\x01\tERROR\t\x0d\0\x02\x01\t\x01\tWARN\t\x0d\0\x02\0\t\x01\tINFO\t\x0d\0\x02\x01\t\x01\tINFO\t',
  '\x0e\0{"timestamp":"\x02\x01","level":"ERROR","requestId":"\x01","message":{"errorType":"',
  '\x0e\0{"timestamp":"\x02\0","level":"WARN","requestId":"\x01","message":"\x0e\0{"timestamp":"\x02\0","level":"INFO","requestId":"\x01","message":{"',
  '\x0e\0{"timestamp":"\x02\x01","level":"INFO","requestId":"\x01","message":"',
  // An ordinary invocation's signals, and its columns with none to three log lines.
  `\x08${packed('platform.report', 'platform.start', 'function', 'platform.runtimeDone', 'platform.report', 'platform.start', 'function')}\0`,
  '\0\x02\x02\x02\x02\x02\x02\x02\x02\x04\x06\0\x02\x02\x02\x04\x06\0\x02\x02\x02\x04\x06\0\x02\x04\x06\0\x02\x04\x06\0\x02\x04\0\x02\x04',
  '\0\x14\0\x02\x02\x04\x06\0\x02\x02\x04\x06\0\x14\x02\x02\x02\x02\x02\x04\x04\x04\x04\x04\x06\x06\x06\x06\x06\0\x14',
  // The forms of its platform records, without tracing and with it.
  '\x02\x16\x1e\0\x01\x06\x06\x0e\x01\x0e\x02\x0e\x03\x03\x0e\x1e\0\x01\x1e\x02\x0e\x04\x01\x06\x06\0\x01',
  '\x02\x1e>\0\x01\x06\x06\x0e\x01\x0e\x02\x0e\x03\x0e\x01\x01\x13\x03\x16>\0\x01\x1e\x02\x0e\x04\x0e\x01\x01\x13L\x01\x0e\x0e\0\x01\x0e\x01\x01\x13',
].join('')

/** The preset dictionaries by id. 0 means none. */
export const DICTIONARIES: ReadonlyMap<number, Uint8Array> = new Map([[1, Buffer.from(DICTIONARY_1, 'latin1')]])

/** The dictionary that this version writes with. */
export const CURRENT_DICTIONARY = 1

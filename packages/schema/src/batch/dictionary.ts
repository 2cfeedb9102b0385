/** Avro's encoding of a short string: so a whole name table entry matches, length and all. */
const avro = (text: string): string => String.fromCharCode(text.length * 2) + text

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
  // The platform's records as JSON, for what has no typed form.
  '{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:24.v","runtimeVersionArn":"arn:aws:lambda:::runtime:',
  '","functionName":"","functionVersion":"$LATEST","instanceId":"/[$LATEST]","instanceMaxMemory":',
  'provisioned-concurrency snap-start lambda-managed-instances',
  '{"requestId":"","status":"success","metrics":{"durationMs":,"billedDurationMs":,"memorySizeMB":,"maxMemoryUsedMB":,"initDurationMs":',
  '},"spans":[{"name":"responseLatency","start":"","durationMs":},{"name":"responseDuration"},{"name":"runtimeOverhead"},{"name":"extensionOverhead"',
  '"tracing":{"spanId":"","type":"X-Amzn-Trace-Id","value":"Root=1-;Parent=;Sampled=1"},"errorType":"Runtime.ExitError","tenantId":"',
  'Some logs were dropped because the downstream consumer is slower than the logs production rate',
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
  // Plain log lines: Node's is time, request id, level and message between tabs.
  'START RequestId:  Version: $LATEST\nEND RequestId: \nREPORT RequestId: \tDuration:  ms\tBilled Duration:  ms\tMemory Size:  MB\tMax Memory Used:  MB\n',
  'connected to processing received handling completed finished starting started loaded saved created updated deleted failed retrying ',
  'request response event message order user item payment record batch cache hit miss queue table bucket invocation took in  ms for with from\n',
  'T00:00:00.000Z\t\tERROR\tT00:00:00.000Z\t\tWARN\t2026-01-0T00:00:00.000Z\t\tINFO\t',
  // The payload's head: identity, counters, name table.
  avro('platform.fault') +
    avro('extension') +
    avro('platform.restoreStart') +
    avro('platform.restoreRuntimeDone') +
    avro('platform.restoreReport'),
  avro('platform.logsDropped') + avro('platform.telemetrySubscription') + avro('platform.extension'),
  avro('platform.initStart') + avro('platform.initRuntimeDone') + avro('platform.initReport'),
  'ap-southeast-2 ap-northeast-1 ap-south-1 sa-east-1 ca-central-1 us-gov-west-1 eu-north-1 eu-west-3 eu-west-2 us-east-2 us-west-2',
  'dotnet:8.v java:21.v provided:al2023.v ruby:3.4.v nodejs:20.v python:3.12.v python:3.13.v nodejs:22.v nodejs:24.v',
  'arn:aws-us-gov:lambda:eu-west-1arn:aws:lambda:eu-central-1arn:aws:lambda:us-east-1:123456789012:function:',
  `${avro('$LATEST')}\x80\x02${avro('us-east-1')}${avro('nodejs:24.v9')}${avro('on-demand')}${avro('0.1.0')}`,
  `\x0a${avro('function')}${avro('platform.start')}${avro('platform.runtimeDone')}${avro('platform.report')}`,
].join('')

/** The preset dictionaries by id. 0 means none. */
export const DICTIONARIES: ReadonlyMap<number, Uint8Array> = new Map([[1, Buffer.from(DICTIONARY_1, 'latin1')]])

/** The dictionary that this version writes with. */
export const CURRENT_DICTIONARY = 1

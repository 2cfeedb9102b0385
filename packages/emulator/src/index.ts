export type { Clock } from './clock.ts'
export { systemClock } from './clock.ts'
export type { Condition, RetryRules } from './event-source-mapping/batch.ts'
export type { CheckpointStore } from './event-source-mapping/checkpoint.ts'
export { memoryCheckpoints, SHARD_END } from './event-source-mapping/checkpoint.ts'
export type { KinesisEvent, KinesisEventRecord } from './event-source-mapping/event.ts'
export type { FailureRecord } from './event-source-mapping/failure-record.ts'
export type {
  EventSourceMapping,
  EventSourceMappingOptions,
  InvokeContext,
  MappingMetrics,
} from './event-source-mapping/mapping.ts'
export { startEventSourceMapping } from './event-source-mapping/mapping.ts'
export type { Fault, FaultProxy } from './fault-proxy.ts'
export { startFaultProxy } from './fault-proxy.ts'
export type { CallFault, KinesisFaults, PutEntry, RecordFault } from './kinesis/faults.ts'
export { compareSequence } from './kinesis/sequence.ts'
export type { KinesisOptions, KinesisServer } from './kinesis/server.ts'
export { startKinesis } from './kinesis/server.ts'
export type { StoredRecord } from './kinesis/shard.ts'
export type { Credentials } from './kinesis/sigv4.ts'
export type { Category, Status, TelemetryEvent } from './lambda/events.ts'
export type { InvokeEndpoint } from './lambda/invoke-endpoint.ts'
export { startInvokeEndpoint } from './lambda/invoke-endpoint.ts'
export type { FunctionHandle, InvokeOptions, InvokeResult, Lambda } from './lambda/lambda.ts'
export { InvokeError, startLambda } from './lambda/lambda.ts'
export type { ExtensionOptions, FunctionOptions, LambdaEvent, LambdaOptions } from './lambda/options.ts'
export { Sandbox } from './lambda/sandbox.ts'

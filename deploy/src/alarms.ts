import { Fn } from 'aws-cdk-lib'
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import { CfnMetricFilter } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { IngestFunction } from './ingest-function.ts'
import type { Parameters } from './parameters.ts'
import type { Store } from './store.ts'
import { pascal } from './stream.ts'

interface AlarmSpec {
  readonly id: string
  readonly description: string
  readonly namespace: string
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly statistic: 'Maximum' | 'Sum'
  readonly threshold: number
  /** `once`: the event itself is the news. `lasting`: three minutes of five, because it passes by itself now and then. */
  readonly when: keyof typeof WHEN
}

/** Level of an error in the functions' own log, which is pino's; Lambda's own lines have words there, and no number. */
const PINO_ERROR = 50

const WHEN = {
  once: { evaluationPeriods: 1, datapointsToAlarm: 1 },
  lasting: { evaluationPeriods: 5, datapointsToAlarm: 3 },
}

/** What must wake somebody: findings late, findings lost, input or telemetry refused, a sink that is away. */
export function alarms(
  scope: Construct,
  functions: IngestFunction,
  store: Store,
  streams: ReadonlyMap<string, CfnStream>,
  parameters: Parameters,
): void {
  const lambda = (id: string, name: string, metric: string, when: AlarmSpec['when'], description: string): AlarmSpec => ({
    id,
    description,
    namespace: 'AWS/Lambda',
    metric,
    dimensions: { FunctionName: name },
    statistic: 'Sum',
    threshold: 0,
    when,
  })
  const written = (id: string, filter: string, when: AlarmSpec['when'], description: string): AlarmSpec => ({
    id,
    description,
    namespace: 'AWS/S3',
    metric: 'PutRequests',
    dimensions: { BucketName: store.bucket.ref, FilterId: filter },
    statistic: 'Sum',
    threshold: 0,
    when,
  })
  const specs: AlarmSpec[] = [
    lambda(
      'IngestErrors',
      functions.ingest.ref,
      'Errors',
      'once',
      'The ingest function fails: batches are repeated, findings late',
    ),
    lambda('IngestThrottles', functions.ingest.ref, 'Throttles', 'lasting', 'Ingest is throttled: raise the concurrency limit'),
    lambda('TickErrors', functions.tick.ref, 'Errors', 'once', 'The tick fails: spooled events do not leave'),
    written('Quarantined', 'quarantine', 'once', 'Input that cannot be read, or that a sink refuses, is in quarantine: look why'),
    written('Spooling', 'spool', 'lasting', 'A sink does not take its events: they wait in the spool'),
  ]
  for (const [name, mapping] of functions.mappings) {
    specs.push({
      id: `${pascal(name)}GivenUp`,
      description: `The event source mapping gave up on a batch of ${name}: it goes to quarantine, look why`,
      namespace: 'AWS/Lambda',
      metric: 'OnFailureDestinationDeliveredEventCount',
      dimensions: { EventSourceMappingUUID: mapping.ref },
      statistic: 'Sum',
      threshold: 0,
      when: 'once',
    })
  }
  for (const [name, stream] of streams) {
    const kinesis = { namespace: 'AWS/Kinesis', dimensions: { StreamName: stream.ref } }
    specs.push(
      {
        ...kinesis,
        id: `${pascal(name)}Late`,
        description: `Records of ${name} wait longer than five minutes`,
        metric: 'GetRecords.IteratorAgeMilliseconds',
        statistic: 'Maximum',
        threshold: 300_000,
        when: 'lasting',
      },
      {
        ...kinesis,
        id: `${pascal(name)}Throttled`,
        description: `The stream ${name} refuses records: sandboxes buffer, and drop when they must`,
        metric: 'WriteProvisionedThroughputExceeded',
        statistic: 'Sum',
        threshold: 0,
        when: 'lasting',
      },
    )
  }
  for (const [id, group] of Object.entries(functions.logs)) {
    const metric = { metricNamespace: Fn.sub('Weir/${AWS::StackName}'), metricName: `${id}LogErrors` }
    new CfnMetricFilter(scope, `${id}LogErrors`, {
      logGroupName: group.ref,
      filterPattern: `{ $.level >= ${PINO_ERROR} }`,
      metricTransformations: [{ ...metric, metricValue: '1' }],
    })
    specs.push({
      id: `${id}LogErrors`,
      description: `${id} logged an error and went on: its log says what could not be written, drained or moved`,
      namespace: metric.metricNamespace,
      metric: metric.metricName,
      dimensions: {},
      statistic: 'Sum',
      threshold: 0,
      when: 'once',
    })
  }
  for (const { id, description, namespace, metric, dimensions, statistic, threshold, when } of specs) {
    new CfnAlarm(scope, `${id}Alarm`, {
      alarmDescription: `Weir: ${description}`,
      namespace,
      metricName: metric,
      dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
      statistic,
      period: 60,
      ...WHEN[when],
      threshold,
      comparisonOperator: 'GreaterThanThreshold',
      treatMissingData: 'notBreaching',
      alarmActions: parameters.withAlarmTopic([parameters.alarmTopicArn]) as never,
    })
  }
}

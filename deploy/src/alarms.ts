import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { Construct } from 'constructs'
import type { IngestFunction } from './ingest-function.ts'
import type { Parameters } from './parameters.ts'
import { pascal } from './stream.ts'

interface AlarmSpec {
  readonly id: string
  readonly description: string
  readonly namespace: string
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly statistic: 'Maximum' | 'Sum'
  readonly threshold: number
}

/** What must wake somebody: findings late, findings lost, telemetry refused. */
export function alarms(
  scope: Construct,
  functions: IngestFunction,
  streams: ReadonlyMap<string, CfnStream>,
  parameters: Parameters,
): void {
  const lambda = (id: string, name: string, metric: string, description: string): AlarmSpec => ({
    id,
    description,
    namespace: 'AWS/Lambda',
    metric,
    dimensions: { FunctionName: name },
    statistic: 'Sum',
    threshold: 0,
  })
  const specs: AlarmSpec[] = [
    lambda(
      'IngestErrors',
      functions.ingest.ref,
      'Errors',
      'The ingest function fails: batches are repeated and findings are late',
    ),
    lambda('IngestThrottles', functions.ingest.ref, 'Throttles', 'The ingest function is throttled: raise the concurrency limit'),
    lambda('TickErrors', functions.tick.ref, 'Errors', 'The tick fails: spooled events do not leave'),
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
      },
      {
        ...kinesis,
        id: `${pascal(name)}Throttled`,
        description: `The stream ${name} refuses records: sandboxes buffer, and drop when they must`,
        metric: 'WriteProvisionedThroughputExceeded',
        statistic: 'Sum',
        threshold: 0,
      },
    )
  }
  for (const { id, description, namespace, metric, dimensions, statistic, threshold } of specs) {
    new CfnAlarm(scope, `${id}Alarm`, {
      alarmDescription: `Weir: ${description}`,
      namespace,
      metricName: metric,
      dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
      statistic,
      period: 60,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      threshold,
      comparisonOperator: 'GreaterThanThreshold',
      treatMissingData: 'notBreaching',
      alarmActions: parameters.withAlarmTopic([parameters.alarmTopicArn]) as never,
    })
  }
}

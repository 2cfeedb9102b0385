import { BootstraplessSynthesizer, CfnOutput, type IStackSynthesizer, Stack, Validations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { alarms } from './alarms.ts'
import { extensionLayer } from './extension-layer.ts'
import { ingestFunction } from './ingest-function.ts'
import { parameters as declare } from './parameters.ts'
import { store as makeStore } from './store.ts'
import { encryptionKey, producerPolicy, stream } from './stream.ts'

export interface WeirStackProps {
  /** Names of the config's streams; `telemetry` is the one that functions write to. */
  readonly streams: readonly string[]
}

/** One region's Weir: key → streams → ingest → store, the layer for functions, and the alarms. Every policy is written by hand. */
export class WeirStack extends Stack {
  constructor(scope: Construct, id: string, props: WeirStackProps) {
    super(scope, id, {
      description: 'Weir: the security telemetry pipeline for serverless',
      // No bootstrap stack: where the artefacts lie is a parameter.
      synthesizer: new BootstraplessSynthesizer() as IStackSynthesizer,
      analyticsReporting: false,
    })
    const parameters = declare(this)
    Validations.of(this).acknowledge({
      id: 'CloudFormation-Validate::W1030',
      reason: 'a parameter that may be empty is used only under its condition',
    })
    const key = encryptionKey(this, parameters)
    const streams = new Map(props.streams.map(name => [name, stream(this, name, key)]))
    const telemetry = streams.get('telemetry')
    if (!telemetry) throw new Error('the config names no stream "telemetry": functions would have nowhere to send')
    producerPolicy(this, telemetry, parameters)
    const store = makeStore(this, key)
    const functions = ingestFunction(this, { key, store, streams, parameters })
    const layer = extensionLayer(this, telemetry, key, parameters)
    alarms(this, functions, streams, parameters)

    const output = (name: string, value: string, description: string): void => {
      new CfnOutput(this, name, { value, description })
    }
    output('TelemetryStreamArn', telemetry.attrArn, "WEIR_STREAM_ARN of every function that has Weir's layer")
    output('LayerArn', layer.ref, 'The layer to add to functions')
    output('StoreBucket', store.bucket.ref, 'Spool, quarantine and failed batches')
  }
}

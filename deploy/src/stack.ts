import { ConfigError } from '@weir/ingest'
import { BootstraplessSynthesizer, CfnOutput, type IStackSynthesizer, Stack, Validations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { alarms } from './alarms.ts'
import { extensionLayer } from './extension-layer.ts'
import { type ArtefactKeys, ingestFunction, type PackBucket } from './ingest-function.ts'
import { logsRole } from './logs-role.ts'
import { parameters as declare } from './parameters.ts'
import { store as makeStore } from './store.ts'
import { encryptionKey, pascal, producerPolicy, stream } from './stream.ts'

export interface WeirStackProps {
  /** Names of the config's streams; `telemetry` is the one that functions write to. */
  readonly streams: readonly string[]
  /** Where the artefacts lie below the artefact bucket's prefix. Named by hash, so that new code is a new template. */
  readonly artefacts: ArtefactKeys
  /** Where rule packs are published; below `weir/rules/` in the stack's own bucket unless given. */
  readonly packs?: PackBucket | undefined
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
    if (!telemetry) throw new ConfigError('the config names no stream "telemetry": functions would have nowhere to send')
    const others = [...streams].filter(([name]) => name !== 'telemetry')
    producerPolicy(this, telemetry, parameters)
    const store = makeStore(this, key)
    const functions = ingestFunction(this, { key, store, streams, parameters, artefacts: props.artefacts, packs: props.packs })
    const { layer, runtimes, policy } = extensionLayer(this, telemetry, key, parameters, props.artefacts)
    alarms(this, functions, store, streams, parameters)

    const output = (name: string, value: string, description: string): void => {
      new CfnOutput(this, name, { value, description })
    }
    output('TelemetryStreamArn', telemetry.attrArn, "WEIR_STREAM_ARN of every function that has Weir's layer")
    output('LayerArn', layer.ref, 'The layer to add to functions')
    for (const { node, ref } of runtimes)
      output(`${node.id}Arn`, ref, 'The layer to add beside it where a function has no Node of its own')
    output('ProducerPolicyArn', policy.ref, 'The policy to attach to the roles of those functions, in this account')
    output('KeyArn', key.attrArn, "For the roles of functions in other accounts: the stream's key")
    for (const [name, { attrArn }] of others) output(`${pascal(name)}StreamArn`, attrArn, `Destination of logs for ${name}`)
    if (others.length > 0) {
      const role = logsRole(this, new Map(others), key)
      output('LogsRoleArn', role.attrArn, 'The role of a CloudWatch Logs subscription filter that writes to one of those')
    }
    output('StoreBucket', store.bucket.ref, 'Spool, quarantine, failed batches, and the rule packs that are published')
  }
}

// The app that `cdk synth` and `cdk deploy` run (deploy/cdk.json).
import { DEFAULT_STREAMS, synthesize } from './app.ts'

synthesize(process.env['CDK_OUTDIR'] ?? 'cdk.out', (process.env['WEIR_STREAMS'] ?? DEFAULT_STREAMS.join(',')).split(','))

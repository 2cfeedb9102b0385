import { App } from 'aws-cdk-lib'
import { WeirStack } from './stack.ts'

/** The streams of the config that deploy knows nothing else of. */
export const DEFAULT_STREAMS = ['telemetry', 'trail'] as const

/** Synthesizes offline; the template is what CloudFormation takes as it is. */
export function synthesize(
  outdir: string,
  streams: readonly string[] = DEFAULT_STREAMS,
): { readonly template: Record<string, unknown>; readonly file: string } {
  const app = new App({ outdir, analyticsReporting: false })
  const stack = new WeirStack(app, 'Weir', { streams })
  const assembly = app.synth()
  const artifact = assembly.getStackByName(stack.stackName)
  return { template: artifact.template as Record<string, unknown>, file: artifact.templateFullPath }
}

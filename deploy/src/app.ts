import { App } from 'aws-cdk-lib'
import { WeirStack, type WeirStackProps } from './stack.ts'

/** Synthesizes offline; the template is what CloudFormation takes as it is, `outdir` what `cdk deploy --app` takes. */
export function synthesize(outdir: string, props: WeirStackProps): { readonly template: Record<string, unknown> } {
  const app = new App({ outdir, analyticsReporting: false })
  const stack = new WeirStack(app, 'Weir', props)
  return { template: app.synth().getStackByName(stack.stackName).template as Record<string, unknown> }
}

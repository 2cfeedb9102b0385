const LAMBDA_ARN = /^arn:(aws[a-z-]*):lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]+)(?::([A-Za-z0-9_$-]+))?$/
const PARTIAL = /^(?:(\d{12}):(?:function:)?)?([A-Za-z0-9_-]+)(?::[A-Za-z0-9_$-]+)?$/

/** A Lambda function's ARN, taken apart. */
export interface FunctionArn {
  /** Without version or alias. */
  readonly arn: string
  readonly region: string
  readonly account: string
  readonly name: string
  /** Version or alias. */
  readonly qualifier?: string
}

export function parseFunctionArn(text: string): FunctionArn | undefined {
  const match = LAMBDA_ARN.exec(text)
  if (!match) return undefined
  const [, partition = '', region = '', account = '', name = '', qualifier] = match
  const arn = `arn:${partition}:lambda:${region}:${account}:function:${name}`
  return { arn, region, account, name, ...(qualifier !== undefined && { qualifier }) }
}

/**
 * The ARN that Lambda's API means by `FunctionName`: a name, `account:function:name`, or an ARN, each with or without a qualifier
 * (https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html). `undefined` where account and region are not known.
 */
export function functionArn(name: string, account: string | undefined, region: string | undefined): string | undefined {
  const whole = parseFunctionArn(name)
  if (whole) return whole.arn
  const match = PARTIAL.exec(name)
  const owner = match?.[1] ?? account
  if (!match || owner === undefined || region === undefined) return undefined
  return `arn:${partitionOf(region)}:lambda:${region}:${owner}:function:${match[2]}`
}

const PARTITIONS: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
]

const partitionOf = (region: string): string => PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws'

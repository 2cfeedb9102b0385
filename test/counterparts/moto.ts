import { join } from 'node:path'
import { freePort, serving, type Stand } from './counterpart.ts'
import { REGION } from './samples.ts'

export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

export interface Moto {
  readonly endpoint: string
  /** One call of a JSON API, such as `kinesis`, `Kinesis_20131202.CreateStream`. Rejects where it is refused. */
  call(service: string, target: string, input: object, version?: '1.0' | '1.1'): Promise<Readonly<Record<string, unknown>>>
  /** One S3 request; the path begins with the bucket. Answers the body. */
  s3(method: 'PUT' | 'GET' | 'DELETE', path: string, body?: Uint8Array | string): Promise<string>
}

/** moto's server: AWS's APIs in one process. Clients that are made from now on find it by the environment, as on Lambda they find AWS. */
export async function startMoto(stand: Stand, bin: string): Promise<Moto> {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const server = stand.start(join(bin, 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)])
  await serving('moto', server, `${endpoint}/moto-api/`)
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  })

  // moto reads the service from the signature's scope and does not check the signature.
  const authorization = (service: string): string =>
    `AWS4-HMAC-SHA256 Credential=test/20261101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`
  const text = async (service: string, url: string, request: RequestInit): Promise<string> => {
    const headers = { ...(request.headers as Record<string, string>), authorization: authorization(service) }
    const response = await fetch(url, { ...request, headers })
    const body = await response.text()
    if (!response.ok) throw new Error(`${service} answers ${response.status}: ${body.slice(0, 300)}`)
    return body
  }
  return {
    endpoint,
    async call(service, target, input, version = '1.1') {
      const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target }
      const body = await text(service, endpoint, { method: 'POST', headers, body: JSON.stringify(input) })
      return (body === '' ? {} : JSON.parse(body)) as Readonly<Record<string, unknown>>
    },
    s3: (method, path, body) =>
      text('s3', `${endpoint}/${path}`, { method, ...(body === undefined ? {} : { body: Buffer.from(body) }) }),
  }
}

/** What the stack would have made: streams, bucket, table, secrets. */
export async function furnish(moto: Moto, secrets: { readonly hec: string; readonly elastic: string }): Promise<void> {
  for (const StreamName of ['telemetry', 'trail'])
    await moto.call('kinesis', 'Kinesis_20131202.CreateStream', { StreamName, ShardCount: 2 })
  await moto.s3('PUT', 'weir-bucket')
  await moto.call(
    'dynamodb',
    'DynamoDB_20120810.CreateTable',
    {
      TableName: 'weir-state',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    },
    '1.0',
  )
  await moto.call('secretsmanager', 'secretsmanager.CreateSecret', {
    Name: 'weir/hec',
    SecretString: JSON.stringify({ user: 'weir', token: secrets.hec }),
  })
  await moto.call('ssm', 'AmazonSSM.PutParameter', { Name: '/weir/elastic', Value: secrets.elastic, Type: 'SecureString' })
}

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

export interface DynamoOptions {
  readonly table: string
  /** Default: one of the AWS SDK's own, loaded on first use. */
  readonly client?: DynamoDBClient
}

interface Dynamo {
  readonly sdk: typeof import('@aws-sdk/client-dynamodb')
  readonly client: DynamoDBClient
}

/** The AWS SDK and a client, loaded when first asked for: most deployments on a laptop never do. `close` leaves a given client open. */
export function openDynamo({ client }: DynamoOptions): {
  readonly load: () => Promise<Dynamo>
  readonly close: () => Promise<void>
} {
  let loaded: Promise<Dynamo> | undefined
  const load = (): Promise<Dynamo> => {
    loaded ??= import('@aws-sdk/client-dynamodb').then(sdk => ({
      sdk,
      client:
        client ??
        new sdk.DynamoDBClient({
          maxAttempts: 5,
          requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
        }),
    }))
    return loaded
  }
  const close = async (): Promise<void> => {
    if (loaded && !client) (await loaded).client.destroy()
  }
  return { load, close }
}

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { WAKE_INDEX } from './dynamodb.ts'

/** A DynamoDB on loopback with a table of the shape that `weir.yaml` asks for. */
export async function localDynamo(table: string): Promise<{ readonly client: DynamoDBClient; close(): Promise<void> }> {
  const untyped: string = 'dynalite' // the package has no types
  const { default: dynalite } = (await import(untyped)) as { default: (options: object) => Server }
  const server = dynalite({ createTableMs: 0 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new DynamoDBClient({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'wake', AttributeType: 'S' },
        { AttributeName: 'wakeAt', AttributeType: 'N' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: WAKE_INDEX,
          KeySchema: [
            { AttributeName: 'wake', KeyType: 'HASH' },
            { AttributeName: 'wakeAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['key'] },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  for (let status = ''; status !== 'ACTIVE'; ) {
    status = (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.TableStatus ?? ''
  }
  return {
    client,
    async close() {
      client.destroy()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { AttributeValue, WriteRequest } from '@aws-sdk/client-dynamodb'
import { WeirError } from '../errors.ts'
import { sha256 } from '../spool/frame.ts'
import { type DynamoOptions, openDynamo } from '../state/table.ts'
import type { Ledger, LedgerRow } from './ledger.ts'

const PACK_ROWS = 2_000 // about 30 KB compressed; an item may have 400 KB
const KEEP_DAYS = 90
const MAX_TRIES = 8
const PACKS_AT_ONCE = 25 // BatchWriteItem, requests per call
const MAX_PACK_BYTES = 64 << 20

const compress = promisify(gzip)
const inflate = promisify(gunzip)

/**
 * A ledger in the state's table. The rows of one call are one item, compressed and named by their hash: written again it is the same item,
 * and a write costs a unit for each KB instead of one for each row. Rows go after 90 days (TTL). Reading scans the table: it is for a
 * person who asks, not for the pipeline. Permissions: dynamodb:BatchWriteItem; dynamodb:Scan to read.
 */
export function dynamodbLedger(options: DynamoOptions & { readonly now?: () => number }): Ledger {
  const { table, now = Date.now } = options
  const { load, close } = openDynamo(options)
  return {
    async record(rows) {
      if (rows.length === 0) return
      const { sdk, client } = await load()
      const expiresAt = String(Math.ceil(now() / 1000) + KEEP_DAYS * 86_400)
      const packs = new Map<string, WriteRequest>()
      for (let start = 0; start < rows.length; start += PACK_ROWS) {
        const text = JSON.stringify(rows.slice(start, start + PACK_ROWS))
        const pk = `ledger#${sha256(text).slice(0, 32)}`
        const Item = { pk: { S: pk }, rows: { B: await compress(text) }, expiresAt: { N: expiresAt } }
        packs.set(pk, { PutRequest: { Item } })
      }
      let left = [...packs.values()]
      for (let tries = 0; left.length > 0; tries++) {
        if (tries === MAX_TRIES) throw new WeirError(`${table}: throttled; ${left.length} pieces of the ledger were not written`)
        if (tries > 0) await sleep(Math.random() * Math.min(2_000, 50 * 2 ** tries))
        const next = left.slice(0, PACKS_AT_ONCE)
        const { UnprocessedItems } = await client.send(new sdk.BatchWriteItemCommand({ RequestItems: { [table]: next } }))
        const again = UnprocessedItems?.[table] ?? []
        if (again.length < next.length) tries = 0
        left = [...again, ...left.slice(PACKS_AT_ONCE)]
      }
    },

    async *rows() {
      const { sdk, client } = await load()
      let from: Record<string, AttributeValue> | undefined
      do {
        const page = await client.send(
          new sdk.ScanCommand({
            TableName: table,
            FilterExpression: 'begins_with(pk, :ledger)',
            ExpressionAttributeValues: { ':ledger': { S: 'ledger#' } },
            ...(from && { ExclusiveStartKey: from }),
          }),
        )
        for (const item of page.Items ?? []) {
          const packed = item['rows']?.B
          if (packed)
            yield* JSON.parse((await inflate(packed, { maxOutputLength: MAX_PACK_BYTES })).toString('utf8')) as LedgerRow[]
        }
        from = page.LastEvaluatedKey
      } while (from)
    },

    close,
  }
}

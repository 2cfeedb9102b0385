import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { AttributeValue, WriteRequest } from '@aws-sdk/client-dynamodb'
import { WeirError } from '../errors.ts'
import { sha256 } from '../spool/frame.ts'
import { type DynamoOptions, openDynamo } from '../state/table.ts'
import type { Ledger, LedgerRow } from './ledger.ts'

const PACK_ROWS = 2_000 // about 30 KB compressed
const PACK_BYTES = 350_000 // compressed; an item may have 400 KB (DynamoDB developer guide, "Constraints")
const KEEP_DAYS = 90
const MAX_TRIES = 8
const PACKS_AT_ONCE = 25 // BatchWriteItem, requests per call
const MAX_PACK_BYTES = 64 << 20

const compress = promisify(gzip)
const inflate = promisify(gunzip)

/** Rows as the items that hold them: each compressed, named by its hash, and small enough for an item. */
async function packsOf(rows: readonly LedgerRow[]): Promise<readonly { readonly pk: string; readonly bytes: Uint8Array }[]> {
  const packs = []
  const parts: (readonly LedgerRow[])[] = []
  for (let end = rows.length; end > 0; end -= PACK_ROWS) parts.push(rows.slice(Math.max(0, end - PACK_ROWS), end))
  for (let part = parts.pop(); part; part = parts.pop()) {
    const text = JSON.stringify(part)
    const bytes = await compress(text)
    if (bytes.length <= PACK_BYTES) packs.push({ pk: `ledger#${sha256(text).slice(0, 32)}`, bytes })
    else if (part.length > 1) {
      const middle = Math.ceil(part.length / 2)
      parts.push(part.slice(middle), part.slice(0, middle))
    } else throw new WeirError(`a row of the ledger takes ${bytes.length} bytes compressed; an item may have ${PACK_BYTES}`)
  }
  return packs
}

/**
 * A ledger in the state's table. The rows of one call are one item, or as few as hold them, compressed and named by their hash: written again it is the same item,
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
      for (const { pk, bytes } of await packsOf(rows)) {
        packs.set(pk, { PutRequest: { Item: { pk: { S: pk }, rows: { B: bytes }, expiresAt: { N: expiresAt } } } })
      }
      const write = async (requests: readonly WriteRequest[]): Promise<void> => {
        let left = requests
        for (let tries = 0; left.length > 0; tries++) {
          if (tries === MAX_TRIES)
            throw new WeirError(`${table}: throttled; ${left.length} pieces of the ledger were not written`)
          if (tries > 0) await sleep(Math.random() * Math.min(2_000, 50 * 2 ** tries))
          const next = left.slice(0, PACKS_AT_ONCE)
          const { UnprocessedItems } = await client.send(new sdk.BatchWriteItemCommand({ RequestItems: { [table]: next } }))
          const again = UnprocessedItems?.[table] ?? []
          if (again.length < next.length) tries = 0
          left = [...again, ...left.slice(PACKS_AT_ONCE)]
        }
      }
      const all = [...packs.values()]
      try {
        await write(all)
      } catch (error) {
        // One refused item refuses its whole batch: each is written by itself then, and only what is refused again is missing.
        if ((error as Error).name !== 'ValidationException') throw error
        const failed = (await Promise.allSettled(all.map(each => write([each])))).filter(({ status }) => status === 'rejected')
        if (failed.length === 0) return
        throw new WeirError(`${table}: ${failed.length} of ${all.length} pieces of the ledger were not written`, { cause: error })
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

import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Due, FoldRequest, StateStore } from '@weir/sigma'
import { WeirError } from '../errors.ts'
import { newest, readAnswers } from './answers.ts'
import { type DynamoOptions, openDynamo } from './table.ts'
import { asText, type Item, spoken, step } from './step.ts'

const MAX_TRIES = 40 // with the waits below about ten seconds: far more writers of one key than a stream's shards allow
const MAX_WAIT_MS = 500

/** The index that `due` reads: hash key `wake` (a string), range key `wakeAt` (a number), with `key` beside the keys. */
export const WAKE_INDEX = 'wake'
/**
 * Partitions of the index. DynamoDB keeps the index as it writes the item, so that neither a crash nor another writer comes between; an item
 * without `wake` is not in it and costs nothing more. A partition takes 1,000 writes a second, and a fold that leaves `wakeAt` as it was is none.
 */
const WAKE_SHARDS = 8

/**
 * State in a DynamoDB table with the string key `pk`, TTL on `expiresAt` and the index `wake`. A fold reads the item and writes it back on the
 * condition that its version has not changed, and begins again where it has. Permissions: dynamodb:GetItem, PutItem on the table; Query on
 * the index, for `due`.
 */
export function dynamodbState(options: DynamoOptions): StateStore {
  const { table } = options
  const { load, close } = openDynamo(options)
  const queues = new Map<string, Promise<unknown>>()

  const foldOnce = async <State, Answer>(request: FoldRequest<State, Answer>): Promise<{ answer: Answer } | undefined> => {
    const { sdk, client } = await load()
    const pk = stateKey(request.key)
    const { Item: stored } = await client.send(
      new sdk.GetItemCommand({ TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true }),
    )
    const { next, answer } = step(stored && readItem(stored), request, asText)
    if (next) {
      const answers = fitting(next)
      const version = Number(stored?.['version']?.N ?? 0)
      try {
        await client.send(
          new sdk.PutItemCommand({
            TableName: table,
            Item: {
              pk: { S: pk },
              version: { N: String(version + 1) },
              state: { S: next.state },
              answers: { S: answers },
              until: { N: String(next.expiresAt) },
              expiresAt: { N: String(Math.ceil(next.expiresAt / 1000)) },
              ...(next.wakeAt === undefined ? {} : wakeOf(request.key, pk, next.wakeAt)),
            },
            ...(stored
              ? { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': { N: String(version) } } }
              : { ConditionExpression: 'attribute_not_exists(pk)' }),
          }),
        )
      } catch (error) {
        if (error instanceof sdk.ConditionalCheckFailedException) return undefined
        throw error
      }
    }
    return { answer: spoken(answer) as Answer }
  }

  const fold = async <State, Answer>(request: FoldRequest<State, Answer>): Promise<Answer> => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const done = await foldOnce(request)
      if (done) return done.answer
      await sleep(Math.random() * Math.min(MAX_WAIT_MS, 10 * 2 ** tries))
    }
    throw new WeirError(`${table}: a state was changed by others ${MAX_TRIES} times in a row; its group is too hot`)
  }

  return {
    /** Within a process, folds of one key queue up rather than collide. */
    async fold<State, Answer>(request: FoldRequest<State, Answer>) {
      const before = queues.get(request.key) ?? Promise.resolve()
      const result = before.then(() => fold(request))
      const settled = result.catch(() => {})
      queues.set(request.key, settled)
      try {
        return await result
      } finally {
        if (queues.get(request.key) === settled) queues.delete(request.key)
      }
    },

    async due(now, limit) {
      const { sdk, client } = await load()
      const ask = async (_: unknown, shard: number): Promise<Due[]> => {
        const { Items = [] } = await client
          .send(
            new sdk.QueryCommand({
              TableName: table,
              IndexName: WAKE_INDEX,
              KeyConditionExpression: 'wake = :shard AND wakeAt <= :now',
              ExpressionAttributeValues: { ':shard': { S: String(shard) }, ':now': { N: String(Math.trunc(now)) } },
              Limit: limit,
            }),
          )
          .catch((error: unknown) => {
            if (!(error instanceof Error && error.name === 'ValidationException')) throw error
            throw new WeirError(
              `${table}: has no index "${WAKE_INDEX}", which packages/ingest/README.md describes; windows stay open`,
              { cause: error },
            )
          })
        return Items.map(({ pk, key, wakeAt }) => ({
          key: key?.S ?? pk?.S?.slice(PREFIX.length) ?? '',
          wakeAt: Number(wakeAt?.N),
        }))
      }
      const due = await Promise.all(Array.from({ length: WAKE_SHARDS }, ask))
      return due
        .flat()
        .toSorted((a, b) => a.wakeAt - b.wakeAt)
        .slice(0, limit)
    },

    async lease(name, holder, now, forMs) {
      const { sdk, client } = await load()
      try {
        await client.send(
          new sdk.PutItemCommand({
            TableName: table,
            Item: {
              pk: { S: `lease#${name}` },
              holder: { S: holder },
              until: { N: String(Math.trunc(now + forMs)) },
              expiresAt: { N: String(Math.ceil((now + forMs) / 1000)) },
            },
            ConditionExpression: 'attribute_not_exists(pk) OR holder = :holder OR #until <= :now',
            ExpressionAttributeNames: { '#until': 'until' },
            ExpressionAttributeValues: { ':holder': { S: holder }, ':now': { N: String(Math.trunc(now)) } },
          }),
        )
        return true
      } catch (error) {
        if (error instanceof sdk.ConditionalCheckFailedException) return false
        throw error
      }
    },

    close,
  }
}

/** Of state and answers together: with keys, numbers and the names of attributes an item has at most 409,600 bytes. */
const ITEM_BYTES = 400_000

/** The answers that fit beside the state; the oldest give way. */
function fitting({ state, answers }: Item): string {
  const room = ITEM_BYTES - Buffer.byteLength(state)
  const kept = newest(answers, room)
  if (Buffer.byteLength(kept) > room)
    throw new RangeError(`a state and its last answer are larger than the ${ITEM_BYTES} bytes that an item holds`)
  return kept
}

const MAX_KEY_BYTES = 2_000 // DynamoDB: a partition key has at most 2,048 bytes

const PREFIX = 'state#'

function stateKey(key: string): string {
  const plain = `${PREFIX}${key}`
  return Buffer.byteLength(plain) <= MAX_KEY_BYTES ? plain : `${PREFIX}#${hash('sha256', key)}`
}

/** What puts an item into the index; the key only where `pk` does not hold it. */
function wakeOf(key: string, pk: string, wakeAt: number): Record<string, AttributeValue> {
  const shard = Number.parseInt(hash('sha256', key).slice(0, 4), 16) % WAKE_SHARDS
  return {
    wake: { S: String(shard) },
    wakeAt: { N: String(wakeAt) },
    ...(pk === `${PREFIX}${key}` ? {} : { key: { S: key } }),
  }
}

function readItem(stored: Readonly<Record<string, AttributeValue>>): Item {
  return {
    state: stored['state']?.S ?? 'null',
    answers: readAnswers(stored['answers']?.S ?? ''),
    expiresAt: Number(stored['until']?.N ?? 0),
  }
}

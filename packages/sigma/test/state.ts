import { ANSWER_BYTES, type Due, type FoldRequest, STATE_BYTES, type StateStore } from '../src/state.ts'

interface Item {
  readonly state: string
  readonly answers: ReadonlyMap<string, string>
  readonly expiresAt: number
  readonly wakeAt: number | undefined
}

/**
 * A state store in memory, as plain as the contract of `state.ts` allows: what is folded goes through JSON, what is too large is refused, and each
 * fold is told to `watch`.
 */
export function plainState(watch: (key: string, state: string, answer: string) => void = () => {}): StateStore {
  const items = new Map<string, Item>()
  const live = (key: string, now: number): Item | undefined => {
    const item = items.get(key)
    return item && item.expiresAt > now ? item : undefined
  }
  return {
    async fold<State, Answer>({
      key,
      batch,
      now,
      expiresAt,
      initial,
      reduce,
      packing,
    }: FoldRequest<State, Answer>): Promise<Answer> {
      await Promise.resolve()
      const item = live(key, now)
      const known = item?.answers.get(batch)
      if (known !== undefined) return JSON.parse(known) as Answer
      const pack = (state: State): string => JSON.stringify(packing ? packing.pack(state) : state)
      const parsed: unknown = JSON.parse(item?.state ?? pack(initial))
      const { state, answer, wakeAt } = reduce(packing ? packing.unpack(parsed) : (parsed as State))
      const next = pack(state)
      const said = JSON.stringify(answer) ?? 'null'
      for (const [text, most] of [
        [next, STATE_BYTES],
        [said, ANSWER_BYTES],
      ] as const) {
        const bytes = new TextEncoder().encode(text).length
        if (bytes > most) throw new RangeError(`${bytes} bytes are more than the ${most} that a store keeps`)
      }
      if (wakeAt !== undefined && wakeAt >= expiresAt)
        throw new RangeError(`${key} would be forgotten before it is looked at again`)
      const answers = new Map([...(item?.answers ?? []), [batch, said] as const])
      items.set(key, { state: next, answers, expiresAt: Math.max(expiresAt, item?.expiresAt ?? 0), wakeAt })
      watch(key, next, said)
      return JSON.parse(said) as Answer
    },
    async due(now: number, limit: number): Promise<readonly Due[]> {
      return [...items]
        .flatMap(([key, { wakeAt }]) => (wakeAt !== undefined && wakeAt <= now && live(key, now) ? [{ key, wakeAt }] : []))
        .sort((a, b) => a.wakeAt - b.wakeAt)
        .slice(0, limit)
    },
    async lease() {
      return true
    },
    async close() {},
  }
}

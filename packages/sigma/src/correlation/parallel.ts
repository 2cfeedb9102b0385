/** Folds that are under way at a time. */
const AT_ONCE = 16

/** Runs `work` over all items, some at a time, and answers in their order. */
export async function inParallel<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const out: Out[] = []
  for (let i = 0; i < items.length; i += AT_ONCE) out.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(work))))
  return out
}

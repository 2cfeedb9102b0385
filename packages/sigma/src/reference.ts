/** What other documents may name: by id, whatever its case, or by name. */
interface Named {
  readonly meta: { readonly id: string }
  readonly name?: string
}

/** Finds what a correlation or a filter names. An id wins over a name that looks like it. */
export function byReference<T extends Named>(all: readonly T[]): (reference: string) => T | undefined {
  const ids = new Map(all.map(each => [each.meta.id, each]))
  const names = new Map(all.flatMap(each => (each.name === undefined ? [] : [[each.name, each] as const])))
  return reference => ids.get(reference.toLowerCase()) ?? names.get(reference)
}

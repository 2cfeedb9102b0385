/** A function that is called, or constructed, with anything. */
type Callable = (...args: unknown[]) => unknown

const isCallable = (value: unknown): value is Callable => typeof value === 'function'

/**
 * Lets `before` see the arguments of each call of `target[name]`, with `new` or without, which then runs as if nothing stood before it: same `this`,
 * arguments, result, error, and everything that hangs on it, since what stands there is a proxy. What `before` throws is swallowed. Does nothing
 * where there is no such function. Not for what looks at who called it, such as `Function`: an `import()` in what that makes would be resolved
 * from this file.
 */
export function around(target: object, name: string, before: (args: readonly unknown[]) => void): void {
  const native: unknown = Reflect.get(target, name)
  if (!isCallable(native)) return
  const see = (args: readonly unknown[]) => {
    try {
      before(args)
    } catch {
      // The function's own business goes on.
    }
  }
  const wrapped: Callable = new Proxy(native, {
    apply(_, self, args: unknown[]): unknown {
      see(args)
      return Reflect.apply(native, self, args)
    },
    construct(_, args: unknown[], target): object {
      see(args)
      return Reflect.construct(native, args, target === wrapped ? native : target) as object
    },
  })
  replace(target, name, wrapped)
  // So that one that is taken from what it made is this one, too.
  const prototype: unknown = Reflect.get(native, 'prototype')
  if (typeof prototype === 'object' && prototype !== null && Reflect.get(prototype, 'constructor') === native)
    replace(prototype, 'constructor', wrapped)
}

const replace = (target: object, name: string, value: Callable): unknown =>
  Object.defineProperty(target, name, { ...Object.getOwnPropertyDescriptor(target, name), value })

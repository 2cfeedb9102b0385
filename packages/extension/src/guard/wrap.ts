/** A function that is called, or constructed, with anything. */
type Callable = (...args: unknown[]) => unknown

const isCallable = (value: unknown): value is Callable => typeof value === 'function'

/**
 * Lets `before` see the arguments of each call of `target[name]`, which then runs as if it were not there: same `this`, arguments, result, error,
 * name, length and properties. What `before` throws is swallowed. Does nothing where there is no such function.
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
  // Many built-in functions have no `prototype`, and neither has a method.
  const wrapped: unknown = Object.hasOwn(native, 'prototype')
    ? function (this: unknown, ...args: unknown[]): unknown {
        see(args)
        return Reflect.apply(native, this, args)
      }
    : Reflect.get(
        {
          method(...args: unknown[]): unknown {
            see(args)
            return Reflect.apply(native, this, args)
          },
        },
        'method',
      )
  if (!isCallable(wrapped)) return
  dress(wrapped, native)
  Object.defineProperty(target, name, { ...Object.getOwnPropertyDescriptor(target, name), value: wrapped })
}

/** The same for a constructor, with or without `new`, and for what extends it. The answer stands in for it; `instanceof` holds for both. */
export function aroundConstructor(native: unknown, before: () => void): Callable | undefined {
  if (!isCallable(native)) return undefined
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    try {
      before()
    } catch {
      // As above.
    }
    if (new.target === undefined) return Reflect.apply(native, this, args)
    return Reflect.construct(native, args, new.target === wrapped ? native : new.target)
  }
  dress(wrapped, native)
  Object.setPrototypeOf(wrapped, Object.getPrototypeOf(native) as object)
  // So that whoever takes the constructor from one of its things gets this one: `(() => {}).constructor('…')`.
  const prototype: unknown = Reflect.get(native, 'prototype')
  if (typeof prototype === 'object' || typeof prototype === 'function')
    Object.defineProperty(prototype, 'constructor', { value: wrapped })
  return wrapped
}

/** Name, length, prototype and whatever else hangs on the function, such as what `util.promisify` looks for. */
function dress(wrapped: Callable, native: Callable): void {
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(native))
}

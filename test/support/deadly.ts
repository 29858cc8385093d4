/** What a server ends with that is killed. */
export class Killed extends Error {}

/** The engine, but that whoever calls the method dies when it is done. */
export function deadly<Engine extends object>(engine: Engine, method: keyof Engine): Engine {
  return new Proxy(engine, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== method) return value.bind(target)
      return async (...args: unknown[]) => {
        await value.apply(target, args)
        throw new Killed()
      }
    },
  })
}

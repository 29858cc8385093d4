import type { WorkerEngines } from '../workers/engines.ts'

/**
 * Milliseconds of one `resize` job. `make` is decode, scales, encodes and all puts but the last, which
 * is `put`. `startedAt` is since 1970, so that another
 * process can compare it with its own clock.
 */
export type Steps = {
  startedAt: number
  find: number
  read: number
  make: number
  put: number
  record: number
}

/** The same engines, with a clock at each door. `lastSteps` tells of the last job that was done with them. */
export function timeSteps(inner: WorkerEngines): { engines: WorkerEngines; lastSteps(): Steps } {
  const steps: Steps = { startedAt: 0, find: 0, read: 0, make: 0, put: 0, record: 0 }
  let readAt = 0
  let lastPutAt = 0

  const timed = async <T>(step: 'find' | 'record', work: Promise<T>): Promise<T> => {
    const startedAt = performance.now()
    const result = await work
    steps[step] = performance.now() - startedAt
    return result
  }
  const catalog: WorkerEngines['catalog'] = {
    photos: {
      find: (id) => {
        steps.startedAt = performance.timeOrigin + performance.now()
        return timed('find', inner.catalog.photos.find(id))
      },
    },
    adoptions: inner.catalog.adoptions,
    renditions: {
      record: (...args) => {
        steps.make = lastPutAt - readAt
        steps.put = performance.now() - lastPutAt
        return timed('record', inner.catalog.renditions.record(...args))
      },
      recordLater: (...args) => inner.catalog.renditions.recordLater(...args),
    },
    removals: inner.catalog.removals,
  }
  const store: WorkerEngines['store'] = {
    name: inner.store.name,
    presignPut: (key, options) => store.presignPut(key, options),
    read: async (key) => {
      const startedAt = performance.now()
      const body = await inner.store.read(key)
      readAt = performance.now()
      steps.read = readAt - startedAt
      return body
    },
    open: (key, range) => inner.store.open(key, range),
    put: (key, body, options) => {
      lastPutAt = performance.now()
      return inner.store.put(key, body, options)
    },
    head: (key) => inner.store.head(key),
    copy: (from, to) => inner.store.copy(from, to),
    delete: (keys) => inner.store.delete(keys),
    move: (from, to) => inner.store.move(from, to),
    list: (prefix, options) => inner.store.list(prefix, options),
    check: () => inner.store.check(),
    [Symbol.asyncDispose]: () => inner.store[Symbol.asyncDispose](),
  }
  return { engines: { ...inner, catalog, store }, lastSteps: () => ({ ...steps }) }
}

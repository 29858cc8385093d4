import type { ObjectInfo, ObjectStore, PutOptions } from '../../src/storage/object-store.ts'

/** Where an edition is put: beside the one that is shown, or, with a prefix, where nobody looks. Knows what it was given. */
export class Destination {
  readonly #store: Pick<ObjectStore, 'put' | 'delete'>
  readonly #prefix: string
  readonly #keys = new Set<string>()
  bytes = 0

  constructor(store: Pick<ObjectStore, 'put' | 'delete'>, prefix = '') {
    this.#store = store
    this.#prefix = prefix
  }

  get puts(): number {
    return this.#keys.size
  }

  async put(key: string, body: Buffer, options: PutOptions): Promise<ObjectInfo> {
    // Before, as a put that fails may have been one.
    this.#keys.add(this.#prefix + key)
    const put = await this.#store.put(this.#prefix + key, body, options)
    this.bytes += put.size
    return put
  }

  async takeBack(): Promise<void> {
    await this.#store.delete([...this.#keys])
  }
}

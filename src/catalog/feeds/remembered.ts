import { LRUCache } from 'lru-cache'
import type { OwnerId } from '../../photo/shard.ts'

/** After that it is read again, whether or not a change was told: a process that died may have told nobody of its last. */
const TOLD_MS = 10_000
/** What is used when it is older than that is read again meanwhile, so that nobody waits for it. */
const RENEWED_MS = 5_000
const TOGETHER_MS = 500

export type RememberedOptions<Value> = {
  read(names: readonly OwnerId[]): Promise<Map<OwnerId, Value>>
  /** What may be remembered at most, and how much of it a value is. */
  most: number
  sizeOf?: (value: Value) => number
}

/** What a process knows of owners, until a change of theirs is told. */
export class Remembered<Value extends object> {
  readonly #options: RememberedOptions<Value>
  readonly #kept: LRUCache<OwnerId, { value: Value; readAt: number }>
  /** Whom each reading that goes on was overtaken by; null when by anybody. */
  readonly #readings = new Set<{ overtaken: Set<OwnerId> | null }>()
  readonly #old = new Set<OwnerId>()
  #timer: NodeJS.Timeout | null = null
  #counts = { asked: 0, known: 0 }

  constructor(options: RememberedOptions<Value>) {
    const { most, sizeOf = () => 1 } = options
    this.#options = options
    this.#kept = new LRUCache({ maxSize: most, sizeCalculation: ({ value }) => Math.max(1, sizeOf(value)) })
  }

  /** The values of the names, in their order: those known, and the others as they are read now. */
  async of(names: readonly OwnerId[]): Promise<Value[]> {
    const now = performance.now()
    const missing: OwnerId[] = []
    const known = names.map((name) => {
      const kept = this.#kept.get(name)
      const age = kept ? now - kept.readAt : Number.POSITIVE_INFINITY
      if (age > TOLD_MS) missing.push(name)
      else if (age > RENEWED_MS) this.#renew(name)
      return age > TOLD_MS ? null : (kept?.value ?? null)
    })
    this.#counts.asked += names.length
    this.#counts.known += names.length - missing.length
    if (missing.length === 0) return known as Value[]
    const read = await this.#read(missing)
    return names.map((name, n) => known[n] ?? (read.get(name) as Value))
  }

  /** What part of those asked for since the last call was known; null when none were. */
  takeRate(): number | null {
    const { asked, known } = this.#counts
    this.#counts = { asked: 0, known: 0 }
    return asked === 0 ? null : known / asked
  }

  forget(names: Iterable<OwnerId>): void {
    for (const name of names) {
      this.#kept.delete(name)
      for (const reading of this.#readings) reading.overtaken?.add(name)
    }
  }

  forgetAll(): void {
    this.#kept.clear()
    for (const reading of this.#readings) reading.overtaken = null
  }

  async #read(names: readonly OwnerId[]): Promise<Map<OwnerId, Value>> {
    const reading = { overtaken: new Set<OwnerId>() as Set<OwnerId> | null }
    const readAt = performance.now()
    this.#readings.add(reading)
    try {
      const values = await this.#options.read(names)
      for (const [name, value] of values) {
        if (reading.overtaken?.has(name) === false) this.#kept.set(name, { value, readAt })
      }
      return values
    } finally {
      this.#readings.delete(reading)
    }
  }

  #renew(name: OwnerId): void {
    this.#old.add(name)
    this.#timer ??= setTimeout(() => {
      const names = [...this.#old]
      this.#old.clear()
      this.#timer = null
      // Who asks for it when it is too old waits, and is told what is wrong.
      this.#read(names).catch(() => {})
    }, TOGETHER_MS).unref()
  }
}

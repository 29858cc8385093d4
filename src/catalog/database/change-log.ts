import { randomBytes } from 'node:crypto'
import { seal, unseal } from '../../cache/sealed.ts'
import type { SharedCache } from '../../cache/shared-cache.ts'
import type { OwnerId } from '../../photo/shard.ts'

/** Some hundred entries. Who has not looked for longer forgets all that it knows. */
const MOST_BYTES = 16_000

/** Whose change is told when it may have been anybody's. No owner has that name. */
export const ANYBODY = '*'

/**
 * In the shared cache, whose heads and followings have changed: the latest entries, each a line of a random tag and of
 * names. Who reads it knows by the tag of the last entry that they saw which ones are new. Where that tag is not there
 * (the cache was emptied, lost its last writes, came back as it once was, or many things changed) anything may have.
 */
export class ChangeLog {
  readonly #cache: Pick<SharedCache, 'latest' | 'update'>
  readonly #key: string

  constructor(cache: Pick<SharedCache, 'latest' | 'update'>, key: string) {
    this.#cache = cache
    this.#key = key
  }

  /** Throws EngineUnavailableError when it is not certain that all who read from now on are told. */
  async tell(names: readonly (OwnerId | typeof ANYBODY)[]): Promise<void> {
    const entry = `${newTag()} ${[...new Set(names)].join(' ')}`
    await this.#cache.update(this.#key, (before) => {
      const entries = names.includes(ANYBODY) ? [] : (this.#entriesOf(before) ?? [])
      // Without the others it is another log, whose readers know of nothing before.
      return this.#sealed(entry.length > MOST_BYTES ? [newTag()] : [...entries, entry])
    })
  }

  /**
   * Whose changes were told since the entry `seen`; null when they may be anybody's. And the last entry that there is now.
   * Throws EngineUnavailableError.
   */
  async since(seen: string | null): Promise<{ names: OwnerId[] | null; seen: string }> {
    const entries = this.#entriesOf(await this.#cache.latest(this.#key)) ?? (await this.#begin())
    const tags = entries.map((entry) => entry.split(' ', 1)[0] as string)
    const place = seen === null ? -1 : tags.lastIndexOf(seen)
    const names = entries.slice(place + 1).flatMap((entry) => entry.split(' ').slice(1) as OwnerId[])
    return { names: place < 0 ? null : names, seen: tags.at(-1) as string }
  }

  /** Where there is no log, or what is there is none. */
  async #begin(): Promise<string[]> {
    const begun = [newTag()]
    await this.#cache.update(this.#key, (before) => {
      return before !== null && this.#entriesOf(before) ? before : this.#sealed(begun)
    })
    return this.#entriesOf(await this.#cache.latest(this.#key)) ?? begun
  }

  #entriesOf(value: Buffer | null): string[] | null {
    return unseal(this.#key, value)?.split('\n') ?? null
  }

  #sealed(entries: readonly string[]): Buffer {
    const text = entries.join('\n')
    if (text.length <= MOST_BYTES) return seal(this.#key, text)
    return this.#sealed(entries.slice(Math.ceil(entries.length / 4)))
  }
}

const newTag = () => randomBytes(9).toString('base64url')

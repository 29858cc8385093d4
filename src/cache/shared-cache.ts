/**
 * What all servers of an installation keep in common, and may lose at any moment: nothing in it is the only copy. Every method
 * throws EngineUnavailableError within a quarter of a second, and at once for a second after that.
 */
export interface SharedCache extends Disposable {
  /** What is there, of each key; null where nothing is. */
  get(keys: readonly string[]): Promise<(Buffer | null)[]>

  /** Keeps the values for an hour, if there is room. */
  set(values: ReadonlyMap<string, Buffer>): Promise<void>

  /** What is there under a key, as it is at this moment where there are several copies. */
  latest(key: string): Promise<Buffer | null>

  /** Puts what `change` makes of what is there, as one step: nobody else's change in between is lost. */
  update(key: string, change: (before: Buffer | null) => Buffer): Promise<void>
}

/** How long an answer may take. */
export const ANSWER_MS = 250
/** How long values are kept. */
export const KEPT_S = 3_600
/** So often an update begins anew when others were faster. */
export const ATTEMPTS = 20

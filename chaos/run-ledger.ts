import { Catalog } from '../src/catalog/catalog.ts'
import { RunStateError, type Runs } from '../src/catalog/runs/runs.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import type { Config } from '../src/config/config.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { shardRangesOf } from '../src/services.ts'
import { type Forgotten, forgetAvif, stillWithout } from './forgotten-avif.ts'
import { remadeTwice } from './put-aside.ts'
import { checkLook, lookAtRuns, type Part } from './run-looks.ts'

/** What an operator's command has: connections of its own. */
export type Desk = AsyncDisposable & { shards: ShardMap; catalog: Catalog; runs: Runs }

/** A statement whose answer was lost may take effect so much later. */
const UNSURE_MS = 30_000

/** The kind of run that has photos to do, which the operator sees to. */
export const AVIF = 'later renditions'

/** Opened for each thing that is done: the embedded database has another port whenever it is started. */
export async function openDesk(config: Config): Promise<Desk> {
  await using opened = new AsyncDisposableStack()
  const shards = opened.use(new ShardMap(await shardRangesOf(config), { connections: 3 }))
  await shards.refresh()
  const catalog = new Catalog(shards)
  const owned = opened.move()
  return {
    shards,
    catalog,
    runs: catalog.runs,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

/** What was asked of runs, what they came to from look to look, and what of it is not as it must be. */
export class RunLedger {
  /** A line each. */
  readonly findings = new Set<string>()
  looks = 0
  /** As they were at the last look. */
  parts: readonly Part[] = []
  /**
   * Whether a run of AVIF owes every photo its own: it leaves out a database that is unavailable, as the one that recurs
   * comes by again.
   */
  readonly #isExact: boolean
  /** Runs of which photos fail, as somebody has seen to. */
  readonly failing = new Set<number>()
  /** The runs that were steered since the last look. */
  readonly #steered = new Set<number>()
  /** Those of which it is not known, and until when they may yet be. */
  readonly #unsure = new Map<number, number>()
  /** The photos whose AVIF lay there and was known no more; null when it is not known which. */
  #forgotten: Set<PhotoId> | null = new Set()
  /** What each run that is not complete has to make. */
  readonly #owed = new Map<number, readonly Forgotten[]>()

  constructor({ isExact }: { isExact: boolean }) {
    this.#isExact = isExact
  }

  async look({ shards }: Pick<Desk, 'shards'>): Promise<void> {
    const twice = await remadeTwice(shards)
    const now = await lookAtRuns(shards)
    const unsure = [...this.#unsure].flatMap(([run, until]) => (until > performance.now() ? [run] : []))
    const lines = [
      ...checkLook(this.parts, now, new Set([...this.#steered, ...unsure]), this.failing),
      ...twice,
    ]
    for (const line of lines) this.findings.add(line)
    this.#steered.clear()
    this.parts = now
    this.looks += 1
    await this.#checkMade(shards)
  }

  /** Makes some photos as if they had never had AVIF; no run of before owes it to them. */
  async forgetAvif({ shards }: Pick<Desk, 'shards'>, count: number, salt: string): Promise<Forgotten[]> {
    const forgotten = await forgetAvif(shards, count, salt).catch((error) => {
      this.#forgotten = null
      this.#owed.clear()
      throw error
    })
    const again = new Set(forgotten.map(({ id }) => id))
    this.#forgotten = this.#forgotten?.union(again) ?? null
    for (const [run, owed] of this.#owed) {
      this.#owed.set(
        run,
        owed.filter(({ id }) => !again.has(id)),
      )
    }
    return forgotten
  }

  /** Starts a run that owes AVIF to some photos. */
  async startAvif(desk: Desk, count: number, salt: string): Promise<number> {
    const forgotten = await this.forgetAvif(desk, count, salt)
    const run = await desk.runs.start({ kind: AVIF, selection: {}, slices: [{}] })
    this.#owed.set(run, forgotten)
    return run
  }

  async steer({ runs }: Pick<Desk, 'runs'>, run: number, verb: 'pause' | 'resume' | 'cancel'): Promise<void> {
    this.#steered.add(run)
    try {
      await runs[verb](run)
    } catch (error) {
      if (!(error instanceof RunStateError)) this.#unsure.set(run, performance.now() + UNSURE_MS)
      throw error
    }
  }

  /** Whether the file is one that was forgotten: it lies there until all objects are compared. */
  isForgotten(id: PhotoId, path: string): boolean {
    return path.endsWith('.avif') && (this.#forgotten === null || this.#forgotten.has(id))
  }

  /** How many photos got AVIF by the runs that somebody started. */
  get done(): number {
    return this.#doneBy(AVIF)
  }

  /** How many photos runs made anew. */
  get remade(): number {
    return this.#doneBy('reprocess')
  }

  #doneBy(name: string): number {
    return this.parts.reduce((sum, { recurs, kind, done }) => sum + (!recurs && kind === name ? done : 0), 0)
  }

  /** A run that is complete has made what it had to make. */
  async #checkMade(shards: Desk['shards']): Promise<void> {
    const complete = new Set(this.parts.flatMap(({ run, isEnded }) => (isEnded ? [run] : [])))
    for (const [run, owed] of this.#owed) {
      if (!complete.has(run)) continue
      const without = this.#isExact ? await stillWithout(shards, owed) : []
      for (const id of without) this.findings.add(`run ${run} is complete, and photo ${id} has no AVIF`)
      this.#owed.delete(run)
    }
  }
}

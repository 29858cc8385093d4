import type { Config } from '../src/config/config.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Darkroom } from './darkroom.ts'
import type { Disk } from './disk.ts'
import type { Engines } from './engines.ts'
import { type Toll, wreakHavoc } from './havoc.ts'
import { startMover } from './mover.ts'
import { type Acts, startOperator } from './operator.ts'
import { wishesOf } from './owner.ts'
import { createRandom } from './random.ts'
import type { RunLedger } from './run-ledger.ts'
import { type Attempt, OWNERS, uploadAll } from './uploader.ts'

/** Blows fall until the last upload is taken in, but no longer than this after it began: a slow machine gets a rest. */
const STORM_MS = 60_000
/** For everything to come back, between two rounds of blows, at most. */
const RESTS_MS = 20_000
/** What is not taken in that long after the last blow never will be. */
const CALM_MS = 90_000

/** `stop` ends the run early, without an account, by throwing its reason. */
export type Plan = { seed: number; uploads: number; seconds: number; stop: AbortSignal }

export type Scene = {
  /** Of the API. */
  url: string
  config: Config
  env: Record<string, string>
  logFile: string
  engines: Engines
  disk: Disk
  darkroom: Darkroom
  tokenOf(owner: OwnerId): Promise<string>
  /** What comes of runs is written down there. */
  ledger: RunLedger
}

export type Aftermath = {
  toll: Toll
  attempts: readonly Attempt[]
  moved: { moves: number; findings: readonly string[] }
  acts: Acts
}

/**
 * Uploads and edits, blows, runs, and moves of shards where there is somewhere to move them; resolves when all of them have
 * ended, but for the runs.
 */
export async function storm(plan: Plan, scene: Scene): Promise<Aftermath> {
  const { seed, seconds, stop } = plan
  const { url, config, env, logFile, engines, disk, darkroom, tokenOf, ledger } = scene
  const { databases } = engines
  const moves = { databases, owners: OWNERS, env, logFile, random: createRandom(seed, 'mover') }
  await using mover = databases.length > 1 ? startMover(moves) : null
  await using operator = startOperator(config, ledger, createRandom(seed, 'operator'))

  const stormMs = seconds * 1000 + STORM_MS
  const allIn = new AbortController()
  const calm = AbortSignal.any([allIn.signal, AbortSignal.timeout(stormMs)])
  const victims = [...engines.victims, ...disk.victims, ...darkroom.victims, ...(mover ? [mover.victim] : [])]
  const rest = () => darkroom.untilReady(RESTS_MS)
  const havoc = wreakHavoc(victims, createRandom(seed, 'havoc'), rest, calm)
  const giveUpAfterMs = stormMs + CALM_MS
  const attempts = await uploadAll({ ...plan, url, tokenOf, giveUpAfterMs, wishes: wishesOf })
  allIn.abort()
  const toll = await havoc
  stop.throwIfAborted()
  const moved = (await mover?.finish()) ?? { moves: 0, findings: [] }
  const acts = await operator.finish()
  return { toll, attempts, moved, acts }
}

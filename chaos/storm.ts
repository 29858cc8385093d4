import type { Config } from '../src/config/config.ts'
import type { Log } from '../src/log.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Shell } from './command.ts'
import type { Darkroom } from './darkroom.ts'
import type { Disk } from './disk.ts'
import type { Engines } from './engines/engines.ts'
import { type Toll, wreakHavoc } from './havoc.ts'
import { IMPORT_OWNERS, startImporter, type ToImport } from './importer.ts'
import { startMover } from './mover.ts'
import { type Acts, startOperator } from './operator.ts'
import { wishesOf } from './owner.ts'
import { createRandom, type Random } from './random.ts'
import type { PageLedger } from './readers/page-ledger.ts'
import type { RunLedger } from './run-ledger.ts'
import { type Attempt, OWNERS, uploadAll } from './uploader.ts'
import type { Victim } from './victim.ts'

/** Blows fall until the last upload is taken in, but no longer than this after it began: a slow machine gets a rest. */
export const STORM_MS = 60_000
/** For everything to come back, between two rounds of blows, at most. */
const RESTS_MS = 20_000
/** What is not taken in that long after the last blow never will be. */
export const CALM_MS = 90_000

/** `stop` ends the run early, without an account, by throwing its reason. */
export type Plan = { seed: number; uploads: number; seconds: number; stop: AbortSignal }

/** A short one is of uploads and edits: nothing is done that takes long by itself. */
export const isShort = ({ seconds }: Pick<Plan, 'seconds'>) => seconds < 20

export type Scene = {
  /** Of the API. */
  url: string
  config: Config
  /** Where an operator's commands are given. */
  shell: Shell
  /** For photos to import; it is never full. */
  folder: string
  engines: Engines
  disk: Disk
  darkroom: Darkroom
  tokenOf(owner: OwnerId): Promise<string>
  /** What comes of runs is written down there. */
  ledger: RunLedger
  /** And what is known of photos that are read. */
  pages: PageLedger
  log: Log
}

export type Aftermath = {
  toll: Toll
  attempts: readonly Attempt[]
  moved: { moves: number; findings: readonly string[] }
  imported: { photos: readonly ToImport[]; starts: number; findings: readonly string[] }
  acts: Acts
}

/** So often the import is killed besides; whoever goes on with it waits for 20 s each time. */
const KILLS = 2
/** Of the seconds of uploads, when the presets are changed. */
const CHANGED_AT = [0.3, 0.9] as const

/**
 * Uploads and edits, an import, blows, runs, and moves of shards where there is somewhere to move them; resolves when all of
 * them have ended, but for the runs.
 */
export async function storm(plan: Plan, scene: Scene): Promise<Aftermath> {
  const { seed, seconds, stop } = plan
  const { url, config, shell, folder, engines, darkroom, tokenOf, ledger, pages, log } = scene
  const randomOf = (use: string) => createRandom(seed, use)
  const { databases } = engines
  const owners = [...OWNERS, ...IMPORT_OWNERS]
  await using mover =
    databases.length > 1 ? startMover({ databases, owners, shell, random: randomOf('mover') }) : null
  await using importer = await startImporter(folder, seed, {
    shell,
    random: randomOf('importer'),
    kills: isShort(plan) ? 0 : KILLS,
  })
  const changesAfterMs = randomOf('presets').between(...CHANGED_AT) * seconds * 1000
  const operated = { config, shell, ledger, darkroom, random: randomOf('operator'), changesAfterMs }
  await using operator = startOperator(operated)

  const stormMs = seconds * 1000 + STORM_MS
  const allIn = new AbortController()
  const calm = AbortSignal.any([allIn.signal, AbortSignal.timeout(stormMs)])
  const commands = [...(mover ? [mover.victim] : []), importer.victim, operator.victim]
  const havoc = hit(scene, commands, randomOf('havoc'), calm)
  const giveUpAfterMs = stormMs + CALM_MS
  const attempts = await uploadAll({ ...plan, url, tokenOf, giveUpAfterMs, wishes: wishesOf, witness: pages })
  allIn.abort()
  const toll = await havoc
  stop.throwIfAborted()
  log.info('no blow falls any more')
  const moved = (await mover?.finish()) ?? { moves: 0, findings: [] }
  const { starts, findings } = await importer.finish()
  const acts = await operator.finish()
  return { toll, attempts, moved, imported: { photos: importer.photos, starts, findings }, acts }
}

/** Strikes all that Darkroom consists of, and these commands, until it is calm. */
export async function hit(
  { engines, disk, darkroom }: Pick<Scene, 'engines' | 'disk' | 'darkroom'>,
  commands: readonly Victim[],
  random: Random,
  calm: AbortSignal,
): Promise<Toll> {
  const victims = [...engines.victims, ...disk.victims, ...darkroom.victims, ...commands]
  return await wreakHavoc(victims, random, () => darkroom.untilReady(RESTS_MS), calm)
}

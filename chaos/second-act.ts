import { setTimeout as sleep } from 'node:timers/promises'
import type { RunReport } from '../src/catalog/runs/reported-runs.ts'
import { RunStateError } from '../src/catalog/runs/runs.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Services } from '../src/services.ts'
import { openCommand } from './command.ts'
import { IMPORT_OWNERS, importArgs } from './importer.ts'
import { createRandom } from './random.ts'
import { type Desk, openDesk } from './run-ledger.ts'
import { hit, isShort, type Plan, type Scene } from './storm.ts'
import { tryReprocess } from './trial.ts'
import { OWNERS } from './uploader.ts'

const READY_WITHIN_MS = 60_000
const OVER_WITHIN_MS = 150_000
const LOOK_MS = 500
/** Blows fall for so long, and what they have done is mended in all calm: a slow machine comes to an end, too. */
const HIT_MS = 10_000
/** Of the looks at a run, at so many it is paused; at the next it is resumed. */
const PAUSED_SHARE = 0.15
/** Or the run has come to its end meanwhile. */
const UNAVAILABLE = [EngineUnavailableError, SetupError, RunStateError]
const ALL_OWNERS = [...OWNERS, ...IMPORT_OWNERS]

/**
 * When nobody uploads or edits any more: unless it is to be short, runs of which each photo is accounted for while
 * everything is hit again; then all photos are brought up to today's presets, and the folder is imported again.
 */
export async function secondAct(plan: Plan, scene: Scene, { store }: Pick<Services, 'store'>) {
  const { seed } = plan
  const { config, darkroom, ledger, shell } = scene
  const random = createRandom(seed, 'second act')
  const havoc = createRandom(seed, 'havoc of the second act')
  await using command = openCommand('an operator', shell)
  const findings: string[] = []
  const run = async (args: readonly string[]) => {
    const code = await command.run(args)
    if (code !== 0) findings.push(`darkroom ${args.join(' ')} ended with ${code} in all calm`)
  }
  const atDesk = async <Result>(act: (desk: Desk) => Promise<Result>) => {
    await using desk = await openDesk(config)
    return await act(desk)
  }
  /** Looks at the run, and now and then pauses it. */
  const look = async (id: number): Promise<RunReport | null> => {
    try {
      return await atDesk(async (desk) => {
        await ledger.look(desk)
        const report = await desk.runs.find(id)
        if (report.state === 'paused') await ledger.steer(desk, id, 'resume')
        else if (report.state === 'running' && random.between(0, 1) < PAUSED_SHARE)
          await ledger.steer(desk, id, 'pause')
        return report
      })
    } catch (error) {
      if (UNAVAILABLE.some((each) => error instanceof each)) return null
      throw error
    }
  }
  const untilOver = async (id: number, how: 'hit' | 'calm' = 'hit'): Promise<RunReport> => {
    const over = new AbortController()
    const calm = AbortSignal.any([over.signal, AbortSignal.timeout(HIT_MS)])
    const hits = how === 'hit' ? hit(scene, [], havoc, calm) : null
    const giveUpAt = performance.now() + OVER_WITHIN_MS
    for (let state = ''; state !== 'complete' && performance.now() < giveUpAt; ) {
      await sleep(LOOK_MS)
      state = (await look(id))?.state ?? ''
    }
    over.abort()
    await hits
    if (!(await darkroom.untilReady(READY_WITHIN_MS))) findings.push('Darkroom did not become ready again')
    const report = await atDesk(async (desk) => await desk.runs.find(id))
    if (report.state !== 'complete')
      findings.push(`run ${id} (${report.kind}) is ${report.state} after ${OVER_WITHIN_MS / 1000} s`)
    scene.log.info({ run: id, kind: report.kind, state: report.state }, 'a run was tried')
    return report
  }

  const expectFailures = (id: number) => void ledger.failing.add(id)
  const trial = {
    random,
    store,
    photos,
    owners: ALL_OWNERS,
    atDesk,
    darkroom: run,
    untilOver,
    expectFailures,
  }
  if (!isShort(plan)) findings.push(...(await tryReprocess(trial)))
  // Nothing of earlier recipes is left, and nothing of the folder is new.
  await run(['reprocess', '--stale', '--yes', '--json'])
  await run(importArgs(scene.folder))
  await atDesk(async (desk) => {
    await ledger.look(desk)
    const [again, ...imports] = (await desk.runs.list()).filter(({ kind }) => kind === 'import')
    const taken = imports.reduce((sum, { done }) => sum + done, 0)
    if (again?.done !== 0) findings.push(`the import, given again, took in ${again?.done} photos`)
    if (taken > (again?.skipped ?? 0))
      findings.push(`the imports took in ${taken} photos of ${again?.skipped}`)
  })
  return findings
}

async function photos({ catalog }: Desk): Promise<Map<PhotoId, Photo>> {
  const of = async (owner: OwnerId) => (await catalog.photos.list(owner, owner, { older: 10_000 })).photos
  const all = (await Promise.all(ALL_OWNERS.map(of))).flat()
  return new Map(all.map((photo) => [photo.id, photo]))
}

import { isDeepStrictEqual } from 'node:util'
import type { RunReport } from '../src/catalog/runs/reported-runs.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { type Sequel, startRetry, startSequel } from '../src/reprocess/sequels.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { asideOf } from './put-aside.ts'
import type { Random } from './random.ts'
import type { Desk } from './run-ledger.ts'

export type Photos = ReadonlyMap<PhotoId, Photo>

export type TrialOptions = {
  random: Random
  store: ObjectStore
  photos: (desk: Desk) => Promise<Photos>
  /** What all photos of a run are chosen from. */
  owners: readonly string[]
  /** While nothing is hit. */
  atDesk: <Result>(act: (desk: Desk) => Promise<Result>) => Promise<Result>
  /** Runs `darkroom …` while nothing is hit. */
  darkroom: (args: readonly string[]) => Promise<void>
  /** Waits until the run has come to its end; unless told otherwise, everything is hit meanwhile. */
  untilOver: (run: number, hit?: 'hit' | 'calm') => Promise<RunReport>
  /** Some photos of the run fail. */
  expectFailures: (run: number) => void
}

const MOST = 40
const TORN = 2

/**
 * Makes photos anew that nobody else changes, while everything is hit, and accounts for each: made once, or failed and then
 * made by a retry; as it was before when that is rolled back. Returns what is not so, a line each.
 */
export async function tryReprocess(options: TrialOptions): Promise<string[]> {
  const { random, atDesk, photos, untilOver } = options
  const findings: string[] = []
  const before = await atDesk(photos)
  const torn = await tear(options, [...before.values()])
  const run = await begin(options)
  options.expectFailures(run)
  const report = await untilOver(run)
  const made = await atDesk(photos)
  await torn.mend()
  if (report.state !== 'complete') return findings
  findings.push(
    ...(await atDesk(async (desk) => await checkMade(desk, report, { before, made, torn: torn.ids }))),
  )

  const verified = await atDesk(async ({ catalog }) => await startSequel(catalog, 'verify', run))
  const { done, failed } = await untilOver(verified, 'calm')
  if (done !== report.done && failed === 0)
    findings.push(`run ${run} made ${report.done} photos, and ${done} are verified`)

  const retry = await atDesk(async ({ catalog }) => await startRetry(catalog, run, null))
  if (retry !== null) {
    const again = await untilOver(retry)
    if (again.done !== report.failed)
      findings.push(`${report.failed} photos failed, and ${again.done} were retried`)
  }

  const sequel = random.pick<Sequel>(['rollback', 'rollback', 'finish'])
  const started = await atDesk(async ({ catalog }) => await startSequel(catalog, sequel, run))
  const ended = await untilOver(started)
  if (ended.done !== report.done)
    findings.push(`${sequel} of run ${run} did ${ended.done} of ${report.done} photos`)
  const wanted = sequel === 'rollback' ? before : made
  const then = await atDesk(photos)
  for (const [id, photo] of made) {
    if (photo.edition === before.get(id)?.edition) continue
    if (!isDeepStrictEqual(then.get(id), wanted.get(id)))
      findings.push(`photo ${id} is not as it was before the ${sequel}`)
  }
  const kept = await atDesk(async ({ shards }) => await asideOf(shards, run))
  if (kept.length > 0) findings.push(`run ${run} keeps ${kept.length} editions after its ${sequel}`)
  return findings
}

/** As an operator does, of some photos or of all. Returns the number of the run. */
async function begin({ random, owners, darkroom, atDesk }: TrialOptions): Promise<number> {
  const [one, other] = random.shuffled(owners)
  const chosen = random.pick<string[]>([
    ['--owner', `${one},${other}`],
    ['--limit', String(MOST)],
    ['--limit', String(MOST), '--oldest-first'],
    ['--owner', `${one},${other}`, '--presets', 'story,thumb'],
  ])
  await darkroom(['reprocess', '--all', ...chosen, '--yes', '--detach'])
  const runs = await atDesk(async (desk) => await desk.runs.list())
  return runs.find(({ kind }) => kind === 'reprocess')?.id as number
}

/** Takes the originals of a few photos away, until they are mended. */
async function tear({ random, store }: TrialOptions, photos: readonly Photo[]) {
  const chosen = random.shuffled(photos).slice(0, TORN)
  const originals = chosen.map(({ id, original }) => originalKey(id, original.format ?? 'jpeg'))
  const kept = await Promise.all(originals.map(async (key) => ({ key, body: await store.read(key) })))
  await store.delete(originals)
  return {
    ids: new Set(chosen.map(({ id }) => id)),
    mend: async () => {
      for (const { key, body } of kept) await store.put(key, body, { contentType: 'image/jpeg' })
    },
  }
}

async function checkMade(
  { shards, catalog }: Desk,
  { id: run, selected, done, skipped, failed, left }: RunReport,
  { before, made, torn }: { before: Photos; made: Photos; torn: ReadonlySet<PhotoId> },
): Promise<string[]> {
  const changed = [...made.values()].filter(({ id, edition }) => before.get(id)?.edition !== edition)
  const failures = await catalog.runFailures.page(run, { code: null, after: null, limit: 1_000 })
  const aside = Map.groupBy(await asideOf(shards, run), ({ id }) => id)
  const counts = `${selected} selected, ${done} done, ${skipped} skipped, ${failed} failed, ${left} left`
  return [
    ...(done === changed.length && skipped === 0 && left === 0
      ? []
      : [`run ${run} has ${counts}, and made ${changed.length} photos`]),
    ...failures
      .filter(({ photoId, code }) => !torn.has(photoId) || code !== 'original_missing')
      .map(({ photoId, code }) => `run ${run} failed with photo ${photoId}: ${code}`),
    ...[...made.values()].flatMap((photo) => {
      const { id, edition } = photo
      const then = before.get(id)
      const rows = aside.get(id) ?? []
      if (!changed.includes(photo)) {
        return isDeepStrictEqual(photo, then) && rows.length === 0
          ? []
          : [`photo ${id} changed without being made`]
      }
      const isOnce = rows.length === 1 && rows[0]?.edition === then?.edition && rows[0]?.remadeAs === edition
      return [
        ...(isOnce ? [] : [`photo ${id} was put aside by run ${run} as ${JSON.stringify(rows)}`]),
        ...(then && isSame(photo, then) ? [] : [`photo ${id} is another since run ${run}`]),
      ]
    }),
  ]
}

/** All that making it anew does not change. */
function isSame(photo: Photo, before: Photo): boolean {
  const { edition: _edition, renditions: _renditions, recipe: _recipe, facts: _facts, ...rest } = before
  return isDeepStrictEqual({ ...photo, ...rest }, photo)
}

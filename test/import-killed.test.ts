import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IMPORT } from '../src/import/run/import-run.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { type ImportWish, importOf, readLines } from './support/imports.ts'
import { insertPhoto, PLAIN } from './support/photos.ts'
import { fixture } from './support/pictures.ts'
import { expireLeases, killable, work } from './support/runs.ts'
import { startService, type TestService } from './support/service.ts'
import { type Contents, temporaryFolder, writeContents } from './support/sources.ts'

const MINUTES = 60_000

type Trial = {
  contents: Contents
  /** Of what is written. */
  names: readonly string[]
  adopt?: true
  /** What the owner has before. */
  had?: readonly Buffer[]
  counts: { done: number; skipped: number; failed: number }
  tally: Record<string, number>
}

/** Photos that are told apart by what stands behind the picture. */
async function differentPhotos(count: number): Promise<Buffer[]> {
  const plain = await fixture('plain.jpg')
  return Array.from({ length: count }, (_, n) => Buffer.concat([plain, Buffer.from(`photo ${n}`)]))
}

/** Ends as it would have when a server dies after any of its calls and another one goes on. */
async function expectSameWhereverKilled(service: TestService, trial: Trial): Promise<void> {
  for (let calls = 1; await isKilled(service, trial, calls); calls++);
}

/** False when the import is complete before so many calls. */
async function isKilled(service: TestService, trial: Trial, calls: number): Promise<boolean> {
  const { contents, names, adopt, had = [], counts, tally } = trial
  await using folder = await temporaryFolder()
  await writeContents(folder.path, contents)
  const { runs } = service.catalog
  const run = await runs.start({ kind: IMPORT, selection: {}, slices: [{}] })
  const owner = `owner-${run}` as OwnerId
  for (const bytes of had) {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await insertPhoto(service.catalog, owner, { original: { ...PLAIN.original, sha256 } })
  }
  const wish: ImportWish = {
    names: names.map((name) => join(folder.path, name)),
    choices: { owner },
    size: { atOnce: 3, stepLines: 2 },
    ...(adopt && { adopt }),
  }
  const { dying, dead } = dyingAfter(service, calls)
  const isComplete = async () => (await runs.find(run)).state === 'complete'
  let isWhole = false
  {
    await using _dying = work({ engines: dying }, [importOf(dying, wish).kind])
    await Promise.race([dead, expect.poll(isComplete, { timeout: MINUTES }).toBe(true)])
    isWhole = await isComplete()
  }
  await expireLeases(service.database)
  const { kind, reportPath } = importOf(service, wish)
  await using _working = work({ engines: service }, [kind])
  await expect.poll(isComplete, { timeout: MINUTES }).toBe(true)

  const label = `killed after call ${calls}`
  expect(await runs.find(run), label).toMatchObject({ ...counts, tally, left: 0 })
  const imported = (await readLines(reportPath(run))).filter(({ outcome }) => outcome === 'imported')
  const all = (await service.catalog.photos.list(owner, owner, { older: 100 })).photos.map(({ id }) => id)
  expect(new Set(imported.map(({ photo }) => photo)).size, label).toBe(counts.done)
  expect(all, label).toHaveLength(counts.done + had.length)
  expect(all, label).toEqual(expect.arrayContaining(imported.map(({ photo }) => photo)))
  return !isWhole
}

/** The service as one whose process dies after so many calls of its catalog, store and queue. */
function dyingAfter(service: TestService, calls: number) {
  const { store, catalog } = service
  const guard = killable({ ...service, catalog: { ...catalog, store } as never }, { calls, when: 'after' })
  const { store: guarded, ...rest } = guard.engines.catalog as typeof catalog & { store: typeof store }
  const dying = { ...service, catalog: rest as typeof catalog, store: guarded, queue: guard.engines.queue }
  return { dying, dead: guard.dead }
}

test('an import that is killed at any moment goes on: every photo once, every line counted once, as what it was', {
  timeout: 10 * MINUTES,
}, async () => {
  await using service = await startService()
  const [one, two, three, had] = (await differentPhotos(4)) as [Buffer, Buffer, Buffer, Buffer]

  await expectSameWhereverKilled(service, {
    contents: {
      '1.jpg': one,
      '2 as 1.jpg': one,
      '3.jpg': two,
      '4 had.jpg': had,
      '5 is none.jpg': '<html>',
      '6 as 3.jpg': two,
      '7.jpg': three,
      '8 as 1.jpg': one,
    },
    names: ['.'],
    had: [had],
    counts: { done: 3, skipped: 4, failed: 1 },
    tally: { imported: 3, 'already_there: same_bytes': 4 },
  })
})

test('so does one of a list, whose names are found without reading', { timeout: 10 * MINUTES }, async () => {
  await using service = await startService()
  const [one, two] = (await differentPhotos(2)) as [Buffer, Buffer]

  await expectSameWhereverKilled(service, {
    contents: {
      'one.jpg': one,
      'two.jpg': two,
      'list.csv':
        'path,externalId,postedAt\none.jpg,1,\none.jpg,2,2019-07-01\ntwo.jpg,3,2019-07-01\ntwo.jpg,3,\none.jpg,4,\none.jpg,1,\n',
    },
    names: ['list.csv'],
    counts: { done: 2, skipped: 4, failed: 0 },
    tally: { imported: 2, bytes: one.length + two.length },
  })
})

test('so does one that leaves originals where they are', { timeout: 10 * MINUTES }, async () => {
  await using service = await startService()
  const [one] = (await differentPhotos(1)) as [Buffer]

  await expectSameWhereverKilled(service, {
    contents: {
      'one.jpg': one,
      'two.jpg': one,
      'list.csv':
        'path,externalId\none.jpg,1\none.jpg,1\ntwo.jpg,2\none.jpg,1\ngone.jpg,3\ntwo.jpg,2\none.jpg,4\ntwo.jpg,1\n',
    },
    names: ['list.csv'],
    adopt: true,
    counts: { done: 3, skipped: 4, failed: 1 },
    tally: { imported: 3, 'without a time': 3, 'already_there: known': 4 },
  })
})

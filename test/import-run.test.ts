import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { FeedPage } from '../src/catalog/photos/feed-page.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import { IMPORT } from '../src/import/run/import-run.ts'
import { Pace } from '../src/import/run/pace.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { importAll, importOf, readReport } from './support/imports.ts'
import { insertPhoto } from './support/photos.ts'
import { fixture } from './support/pictures.ts'
import { work } from './support/runs.ts'
import { startService, type TestService } from './support/service.ts'
import { temporaryFolder, writeContents } from './support/sources.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

const alice = 'alice' as OwnerId

/** Photos that are told apart by what stands behind the picture. */
async function photos(count: number): Promise<Buffer[]> {
  const plain = await fixture('plain.jpg')
  return Array.from({ length: count }, (_, n) => Buffer.concat([plain, Buffer.from(`photo ${n}`)]))
}

async function keptBy({ store }: TestService): Promise<string[]> {
  return await Array.fromAsync(store.list('originals/'))
}

async function feedOf({ catalog }: TestService, owner: OwnerId): Promise<FeedPage['photos']> {
  return (await catalog.photos.list(owner, owner, { older: 1_000 })).photos
}

describe('an import', () => {
  test('takes in photos as uploads are, with what the source tells, and they have their place in the feed', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const [one, two, three] = (await photos(3)) as [Buffer, Buffer, Buffer]
    await writeContents(folder.path, {
      'one.jpg': one,
      'two.jpg': two,
      'three.jpg': three,
      'list.csv':
        'path,owner,posted_at,external_id,visibility,filter,alt\n' +
        'one.jpg,bob,1931-05-06T00:00:00Z,7,private,mono,An airship\n' +
        'two.jpg,,2019-07-01T10:00:00Z,8,,,\n' +
        `three.jpg,,2099-01-01,9,,,${'x'.repeat(2_100)}\n`,
    })

    const { run, lines } = await importAll(service, { names: [join(folder.path, 'list.csv')] })

    expect(run).toMatchObject({ state: 'complete', selected: 3, done: 3, skipped: 0, failed: 0, left: 0 })
    expect(run.tally).toMatchObject({ imported: 3, 'without a time': 1 })
    const [airship] = await feedOf(service, 'bob' as OwnerId)
    expect(airship).toMatchObject({
      id: lines['one.jpg']?.photo,
      status: 'processing',
      visibility: 'private',
      postedAt: new Date('1931-05-06T00:00:00Z'),
      alt: 'An airship',
      look: { filter: 'mono', strength: 1 },
      original: { format: 'jpeg', bytes: one.length },
    })
    const feed = await feedOf(service, alice)
    expect(feed.map(({ id }) => id)).toEqual([lines['three.jpg']?.photo, lines['two.jpg']?.photo])
    expect(feed[0]?.alt).toBe('x'.repeat(2_000))
    expect(await service.queue.counts('live')).toMatchObject({ waiting: 0 })
    expect(await service.queue.counts('batch')).toMatchObject({ waiting: 3 })

    await using _workers = service.work()
    await expect
      .poll(async () => (await feedOf(service, alice)).map(({ status }) => status))
      .toEqual(['ready', 'ready'])
  })

  test('run again adds what is missing, and nothing twice', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const [one, two, three] = (await photos(3)) as [Buffer, Buffer, Buffer]
    await writeContents(folder.path, { 'a/one.jpg': one, 'a/two.jpg': two })
    await importAll(service, { names: [folder.path] })
    await writeContents(folder.path, { 'a/three.jpg': three, 'b/two again.jpg': two })

    const { run, lines } = await importAll(service, { names: [folder.path] })

    expect(run).toMatchObject({ selected: 4, done: 1, skipped: 3, failed: 0 })
    expect(lines).toMatchObject({
      'a/one.jpg': { outcome: 'already_there', code: 'same_bytes' },
      'a/three.jpg': { outcome: 'imported' },
      'b/two again.jpg': { outcome: 'already_there', photo: lines['a/two.jpg']?.photo },
    })
    expect(await feedOf(service, alice)).toHaveLength(3)
    expect(await keptBy(service)).toHaveLength(3)
  })

  test('takes in the same bytes once, however many lines at a time have them, and all their names find the photo', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const [one] = (await photos(1)) as [Buffer]
    const names = Array.from({ length: 20 }, (_, n) => `${n}.jpg`)
    await writeContents(folder.path, {
      ...Object.fromEntries(names.map((name) => [name, one])),
      'list.csv': ['path,externalId', ...names.map((name, n) => `${name},old-${n}`)].join('\n'),
    })

    const { run, lines } = await importAll(service, { names: [join(folder.path, 'list.csv')] })

    expect(run).toMatchObject({ done: 1, skipped: 19 })
    const [photo] = await feedOf(service, alice)
    expect(new Set(Object.values(lines).map((line) => line.photo))).toEqual(new Set([photo?.id]))
    for (const n of [0, 13])
      expect(await service.catalog.imports.named('list', `old-${n}`, 9)).toEqual([photo?.id])
    expect(await keptBy(service)).toHaveLength(1)
  })

  test('knows what its owner has uploaded, and what others have is no matter', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const photo = await fixture('plain.jpg')
    await writeContents(folder.path, { 'alice/a.jpg': photo, 'bob/a.jpg': photo })
    const uploaded = await postForm(service, photoForm(photo))
    const { id } = (await uploaded.json()) as { id: PhotoId }

    const { lines } = await importAll(service, {
      names: [folder.path],
      choices: { owner: null, ownerFrom: /^([^/]+)/u },
    })

    expect(lines['alice/a.jpg']).toMatchObject({ outcome: 'already_there', code: 'same_bytes', photo: id })
    expect(lines['bob/a.jpg']).toMatchObject({ outcome: 'imported', owner: 'bob' })
  })

  test('ends every line, and tells which failed and why', async () => {
    await using service = await startService({ MAX_UPLOAD_BYTES: '100000' })
    await using folder = await temporaryFolder()
    const [one, two] = (await photos(2)) as [Buffer, Buffer]
    await writeContents(folder.path, {
      'good.jpg': one,
      'look.jpg': two,
      'cut.jpg': one.subarray(0, 300),
      'empty.jpg': '',
      'page.jpg': '<html>',
      'large.jpg': Buffer.concat([one, Buffer.alloc(200_000)]),
      'movie.mp4': '\0\0\0\x18ftypmp42\0\0\0\0mp42isom',
      'list.csv':
        'path,owner,filter\ngood.jpg,,\ncut.jpg,,\nempty.jpg,,\npage.jpg,,\nlarge.jpg,,\nmovie.mp4,,\ngone.jpg,,\nlook.jpg,,no-such\nx.jpg,a b,\n',
    })

    const { run, lines } = await importAll(service, { names: [join(folder.path, 'list.csv')] })

    expect(Object.values(lines).map(({ path, outcome, code }) => `${path} ${outcome} ${code}`)).toEqual([
      'good.jpg imported null',
      'cut.jpg refused corrupt_photo',
      'empty.jpg refused empty_file',
      'page.jpg refused unsupported_format',
      'large.jpg refused photo_too_large',
      'movie.mp4 skipped video',
      'gone.jpg missing file_missing',
      'look.jpg refused filter_not_found',
      'x.jpg refused invalid_line',
    ])
    expect(run).toMatchObject({ selected: 9, done: 1, skipped: 1, failed: 7, left: 0 })
    const failures = await service.catalog.runFailures.page(run.id, { code: null, after: null, limit: 10 })
    expect(failures.map(({ photoId, code }) => `${photoId} ${code}`)).toContain('7 file_missing')
    expect(failures.map(({ message }) => message).join()).toContain('gone.jpg')
    expect(await keptBy(service)).toHaveLength(1)
  })

  test('stops when too many lines fail', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const rows = Array.from({ length: 150 }, (_, n) => `gone-${n}.jpg`)
    await writeContents(folder.path, { 'list.csv': ['path', ...rows].join('\n') })

    const { run } = await importAll(service, { names: [join(folder.path, 'list.csv')], maxFailures: 0.5 })

    expect(run.state).toBe('stopped')
    expect(run.reason).toContain('--max-failures')
    expect(run.failed).toBeLessThan(150)
  })

  test('that is paused begins nothing new, and ends where it would have', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const all = await photos(30)
    await writeContents(folder.path, Object.fromEntries(all.map((photo, n) => [`${n + 100}.jpg`, photo])))
    const { runs } = service.catalog
    let run = 0
    const { kind, reportPath } = importOf(service, {
      names: [folder.path],
      engines: {
        queue: {
          enqueue: async ({ photoId }) => {
            if (photoId) await runs.pause(run)
          },
        },
      },
    })
    run = await runs.start({ kind: IMPORT, selection: {}, slices: [{}] })
    await using working = work({ engines: service }, [kind])
    await expect.poll(async () => (await runs.find(run)).state).toBe('paused')
    await working[Symbol.asyncDispose]()
    const { kind: again } = importOf(service, { names: [folder.path] })
    await runs.resume(run)
    await using _again = work({ engines: service }, [again])
    await expect.poll(async () => (await runs.find(run)).state).toBe('complete')

    expect(await runs.find(run)).toMatchObject({ selected: 30, done: 30, left: 0 })
    expect(Object.keys(await readReport(reportPath(run)))).toHaveLength(30)
    expect(await feedOf(service, alice)).toHaveLength(30)
  })

  test('waits while too much waits for workers, and says so', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    await writeContents(folder.path, { 'a.jpg': (await photos(1))[0] as Buffer })
    const { runs } = service.catalog
    let waiting = 2_000
    const { kind } = importOf(service, { names: [folder.path], waiting: async () => waiting })
    const run = await runs.start({ kind: IMPORT, selection: {}, slices: [{}] })

    await using _working = work({ engines: service }, [kind])
    await expect.poll(async () => (await runs.find(run)).reason).toContain('wait for workers')
    expect(await feedOf(service, alice)).toEqual([])
    waiting = 1_999
    await expect.poll(async () => (await runs.find(run)).state).toBe('complete')

    expect(await runs.find(run)).toMatchObject({ done: 1, reason: null })
  })

  test('tells of photos that were taken in and that workers can not make', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    await writeContents(folder.path, { 'a.png': Buffer.from('\x89PNG\r\n\x1a\n and no more', 'latin1') })

    const { run, lines } = await importAll(service, { names: [folder.path] })
    expect(lines['a.png']).toMatchObject({ outcome: 'imported' })
    await using _workers = service.work()

    const page = { code: null, after: null, limit: 10 }
    await expect
      .poll(async () => await service.catalog.imports.failedOf(run.id, page))
      .toMatchObject([{ id: lines['a.png']?.photo, owner: 'alice', code: 'corrupt_photo' }])
    expect(await service.catalog.imports.failedOf(run.id + 1, page)).toEqual([])
  })

  test('that keeps to a share of the time rests after each turn, and says so', async () => {
    vi.useFakeTimers()
    try {
      const pace = new Pace({ rate: null, share: 25 }, async () => 0)
      const never = new AbortController().signal
      await pace.admit(never)
      await vi.advanceTimersByTimeAsync(2_000)
      let isAdmitted = false
      const admitting = pace.admit(never).then(() => {
        isAdmitted = true
      })

      await vi.advanceTimersByTimeAsync(5_900)
      expect([isAdmitted, pace.heldBecause]).toEqual([false, 'it keeps to 25 % of the time'])
      await vi.advanceTimersByTimeAsync(200)
      expect([isAdmitted, pace.heldBecause]).toEqual([true, null])
      await admitting
    } finally {
      vi.useRealTimers()
    }
  })

  test('whose source has changed since it was begun is stopped, and says what to do', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    await writeContents(folder.path, { 'b.jpg': (await photos(1))[0] as Buffer })
    const { runs } = service.catalog
    const run = await runs.start({ kind: IMPORT, selection: {}, slices: [{}] })
    await service.database.query(
      `update run_parts set cursor = '{"lines":1,"last":"a.jpg","reportBytes":0}' where run = ${run}`,
    )

    await using _working = work({ engines: service }, [importOf(service, { names: [folder.path] }).kind])
    await expect.poll(async () => (await runs.find(run)).state).toBe('stopped')

    expect((await runs.find(run)).reason).toContain('changed')
  })
})

describe('GET /v1/external/:source/:externalId', () => {
  test('finds a photo by its old name: the viewer’s own, or else one that they may see', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const [one, two, three] = (await photos(3)) as [Buffer, Buffer, Buffer]
    await writeContents(folder.path, {
      '1.jpg': one,
      '2.jpg': two,
      '3.jpg': three,
      'list.csv':
        'path,owner,externalId,visibility\n1.jpg,alice,2019/a b.jpg,public\n2.jpg,bob,2019/a b.jpg,public\n3.jpg,bob,secret,private\n',
    })
    const { lines } = await importAll(service, { names: [join(folder.path, 'list.csv')] })
    const get = async (viewer: string, externalId: string, source = 'list') => {
      const reply = await fetch(`${service.url}/v1/external/${source}/${encodeURIComponent(externalId)}`, {
        headers: await authorization(service, viewer),
      })
      return reply.ok ? ((await reply.json()) as { id: string }).id : reply.status
    }

    expect(await get('alice', '2019/a b.jpg')).toBe(lines['1.jpg']?.photo)
    expect(await get('bob', '2019/a b.jpg')).toBe(lines['2.jpg']?.photo)
    expect([lines['1.jpg']?.photo, lines['2.jpg']?.photo]).toContain(await get('carol', '2019/a b.jpg'))
    expect(await get('bob', 'secret')).toBe(lines['3.jpg']?.photo)
    expect(await get('carol', 'secret')).toBe(404)
    expect(await get('alice', 'none')).toBe(404)
    expect(await get('alice', '2019/a b.jpg', 'other')).toBe(404)
    expect(await get('alice', 'x\0y')).toBe(400)

    const photo = lines['3.jpg']?.photo as PhotoId
    await service.catalog.removals.remove(photo, 'bob' as OwnerId)
    expect(await get('bob', 'secret')).toBe(404)
  })
})

test('a sweep enqueues lost work of imported photos in the lane that nobody waits for', async () => {
  await using service = await startService()
  await using folder = await temporaryFolder()
  await writeContents(folder.path, { 'a.jpg': (await photos(1))[0] as Buffer })
  const failing = {
    enqueue: async () => {
      throw new EngineUnavailableError('away')
    },
  }
  const { lines } = await importAll(service, { names: [folder.path], engines: { queue: failing } })
  const uploaded = await insertPhoto(service.catalog, alice)
  await service.database.query("update photos set written_at = now() - interval '1 hour'")
  const { sweepJobs } = await import('../src/sweep/lost-jobs.ts')
  const { silentLog } = await import('./support/service.ts')

  expect(await sweepJobs(service, silentLog)).toBe(2)

  const photo = lines['a.jpg']?.photo as PhotoId
  expect(await service.queue.state({ kind: 'import', photoId: photo })).toEqual({ name: 'pending' })
  expect(await service.queue.state({ kind: 'resize', photoId: uploaded })).toEqual({ name: 'pending' })
})

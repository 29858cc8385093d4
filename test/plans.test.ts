import { expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { Database } from '../src/catalog/database/database.ts'
import type { LeftPlaces, MarkedPhoto } from '../src/catalog/photos/places.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { identityTable } from '../src/photo/look/color-table.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import type { Photo } from '../src/photo/photo.ts'
import { addedAt, type PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openTestDatabase } from './support/database.ts'
import {
  writeDifferences,
  writeEvents,
  writeFollows,
  writePhotos,
  writeReservations,
  writeShown,
} from './support/many-photos.ts'
import { insertPhoto, PLAIN } from './support/photos.ts'
import { placeOf, SECRET } from './support/place.ts'
import { costsOf, explain, type Plan, rowsOf } from './support/plan.ts'

const PHOTOS = 200_000
/** What a page of 30 may read: a photo more on each side, and one more of each half of the index. */
const PAGE = 40
/** And one of a feed: one of each owner at most, to know who is near, and then some of those that are. */
const FEED = 1_000
/** As much as a page of a sweep, the renditions of its photos, and some that are passed over. */
const FEW = 2_000
const MINUTES = 60_000

const owner = 'alice' as OwnerId
const stranger = 'bob' as OwnerId
/** Of a page of 30: before, after, and around a photo. */
const SIDES = [{ older: 30 }, { newer: 30 }, { newer: 15, older: 15 }]
const LINE = { run: 1, line: 1 }
const NAME = { source: 'folder', externalId: 'a', owner }
const REQUEST = { owner, fingerprint: '00', holder: '7f2c1f0e-9d3b-4a55-8d0c-0a4f6f1d2b3c' }
const MANY_OWNERS = Array.from({ length: 600 }, (_, n) => `owner-${n}` as OwnerId)
const look = { filter: 'mono' as FilterName, strength: 1 }
const LIMITS = { photos: 3, bytes: 9 }
const facts = { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' }
const renditions = [
  { preset: 'feed', format: 'webp', digest: '00000001', width: 4, height: 3, bytes: 12 },
] as const
const made = { facts, renditions, recipe: 1 }
const KEPT = { name: 'my-amber' as FilterName, title: 'Amber', digest: '0011223344556677' }

type Calls<Room> = Record<
  {
    [Method in keyof Room]: Room[Method] extends (...args: never[]) => Promise<unknown> ? Method : never
  }[keyof Room],
  (room: Room, ids: readonly PhotoId[]) => Promise<unknown>
>

/** Every method of the catalog that a request, a job or a sweep calls; `ids` are in order, of one owner. */
const CALLS: {
  [Room in Exclude<
    keyof Catalog,
    | 'runs'
    | 'recurringRuns'
    | 'runParts'
    | 'runCosts'
    | 'runFailures'
    | 'health'
    | 'replicas'
    | 'selected'
    | 'exact'
  >]: Calls<Catalog[Room]>
} = {
  photos: {
    nextId: (photos) => photos.nextId(owner),
    insert: async (photos) => {
      await insertPhoto({ photos }, owner)
      await photos.insert({ ...PLAIN, owner, secret: SECRET, id: await photos.nextId(owner) }, LIMITS)
    },
    find: (photos, ids) => photos.find(at(ids, 0.5)),
    findFor: (photos, ids) => photos.findFor(owner, at(ids, 0.5)),
    findEver: (photos, ids) => photos.findEver(at(ids, 0.3)),
    findAll: (photos, ids) => photos.findAll(ids.slice(-100)),
    list: async (photos, ids) => {
      for (const viewer of [owner, stranger]) {
        await photos.list(owner, viewer, { older: 30 })
        const cut = (await photos.find(at(ids, 0.5))) as Photo
        for (const side of SIDES) await photos.list(owner, viewer, { cut, ...side })
      }
    },
    describe: (photos, ids) => photos.describe(at(ids, 0.5), owner, 'a boat'),
    fail: (photos, ids) => photos.fail(at(ids, 0.2), { code: 'x', message: 'x' }),
    retry: (photos, ids) => photos.retry(at(ids, 0.2)),
    unfinished: async (photos, ids) => {
      for (const after of [null, at(ids, 0.5)]) await photos.unfinished(inAnHour(), after, 500)
    },
    settled: (photos, ids) => photos.settled(ids.slice(-500)),
  },
  consoleCodes: {
    make: (codes) => codes.make({ owner, isOperator: true }),
    spend: (codes) => codes.spend('AAAAAAAAAAAAAAAAAAAAAA'),
  },
  looks: {
    want: (looks, ids) => looks.want(at(ids, 0.4), owner, { look }),
    show: (looks, ids) =>
      looks.show(
        unmoved(at(ids, 0.4)),
        { look, focus: null, edition: 1 },
        { ...made, renditions: [{ ...renditions[0], digest: '00000002' }] },
      ),
    earlier: (looks, ids) => looks.earlier(at(ids, 0.4), look, 1),
    showEarlier: (looks, ids) =>
      looks.showEarlier(unmoved(at(ids, 0.4)), { look, edition: 1 }, { edition: -1 }, facts),
    giveUp: (looks, ids) => looks.giveUp(at(ids, 0.4), 1),
    changing: async (looks, ids) => {
      for (const after of [null, at(ids, 0.5)]) await looks.changing(new Date(), after, 500)
    },
  },
  renditions: {
    record: async (room, ids) => {
      for (const edition of [0, 7]) await room.record(unmoved(at(ids, 0.2)), { look: null, edition }, made)
    },
    recordLater: async (room, ids) => {
      for (const edition of [1, 7])
        await room.recordLater(unmoved(at(ids, 0.4)), { look, edition }, { renditions, recipe: 1 })
    },
    giveUpLater: (room, ids) => room.giveUpLater(at(ids, 0.4), 1),
    withoutLater: async (room, ids) => {
      for (const after of [null, at(ids, 0.5)]) await room.withoutLater(inAnHour(), after, 500)
    },
    areWithoutLater: (room, ids) => room.areWithoutLater(ids.slice(-500)),
    doom: (room) => room.doom(new Date(), 500),
    forgetDoomed: (room, ids) =>
      room.forgetDoomed({ ...placeOf(at(ids, 0.4)), edition: -1, renditions: [], value: Buffer.alloc(0) }),
  },
  keptFilters: {
    all: (kept) => kept.all(),
    table: (kept) => kept.table(KEPT),
    keep: (kept) => kept.keep({ ...KEPT, title: 'Amber', table: identityTable(2), keptBy: owner }),
    remove: (kept) => kept.remove(KEPT.name),
  },
  storageUse: {
    last: (use) => use.last(),
    record: (use) => use.record({ photos: 1, objects: 2, originalBytes: 3, renditionBytes: 4 }),
  },
  places: {
    tellAgain: (places) => places.tellAgain({ owner }),
    read: (places, ids) => places.read(at(ids, 0.6)),
    move: async (places, ids) => {
      const found = (await places.read(at(ids, 0.6))) as MarkedPhoto
      expect(await places.move(found, { ...placeOf(found.photo.id), visibility: 'private' })).toBe(true)
    },
    leftBy: (places, ids) => places.leftBy(at(ids, 0.6)),
    left: (places) => places.left(inAnHour(), 150),
    cleared: async (places, ids) => await places.cleared((await places.leftBy(at(ids, 0.6))) as LeftPlaces),
    withoutSecret: async (places, ids) => {
      for (const after of [null, at(ids, 0.5)]) await places.withoutSecret(after, 100)
    },
  },
  remakes: {
    claim: (remakes, ids) => remakes.claim(ids.slice(-50)),
    workOf: (remakes) => remakes.workOf(1),
    find: (remakes, ids) => remakes.find({ id: at(ids, 0.4), edition: 1 }),
    states: (remakes, ids) => remakes.states(ids.slice(-500)),
    show: async (remakes, ids) => {
      const id = at(ids, 0.4)
      const remade = { facts, upload: renditions, later: [], put: renditions, difference: null, recipe: 1 }
      for (const edition of [1, 7])
        await remakes.show(unmoved(id), edition, remade, { run: 1, keepSeconds: 60 })
    },
  },
  aside: {
    count: (aside) => aside.count(1, [{ from: 0, to: 8191 }]),
    page: async (aside, ids) => {
      for (const after of [null, at(ids, 0.5)]) await aside.page(1, [{ from: 0, to: 8191 }], after, 100)
    },
    furthest: async (aside, ids) => {
      for (const after of [null, { id: at(ids, 0.5), difference: 3 }]) await aside.furthest(7, after, 100)
    },
    renditions: (aside, ids) => aside.renditions(ids.slice(-100), 1),
    showAgain: (aside, ids) => aside.showAgain(ids.slice(-100), { run: 1, by: 2, keepSeconds: 60 }),
    release: (aside, ids) => aside.release(ids.slice(-100), { run: 1, keepSeconds: 60 }),
  },
  removals: {
    remove: (removals, ids) => removals.remove(at(ids, 0.3), owner),
    find: (removals, ids) => removals.find(at(ids, 0.3)),
    markPurged: (removals, ids) => removals.markPurged(at(ids, 0.3)),
    unpurged: async (removals, ids) => {
      for (const after of [null, at(ids, 0.5)]) await removals.unpurged(inAnHour(), after, 500)
    },
    purged: (removals) => removals.purged(150),
    forget: (removals, ids) => removals.forget([at(ids, 0.3)]),
  },
  dailyUses: {
    of: async (dailyUses) => expect((await dailyUses.of(owner)).photos).toBe(1),
    counted: (dailyUses) => dailyUses.counted(owner, LIMITS, () => dailyUses.of(owner)),
  },
  reservedIds: {
    reserve: (reservedIds) => reservedIds.reserve(owner, 100),
    directOf: (reservedIds, ids) => reservedIds.directOf(nextTo(at(ids, 0.5)), owner),
    has: (reservedIds, ids) => reservedIds.has(nextTo(at(ids, 0.5)), owner),
    use: async (reservedIds, ids) => {
      const photo = { ...PLAIN, id: nextTo(at(ids, 0.5)), owner, secret: SECRET }
      for (const isThere of [true, false]) expect(await reservedIds.use(photo, LIMITS)).toBe(isThere)
    },
    forget: async (reservedIds, ids) => {
      for (const end of [at(ids, 0), at(ids, 0.9)]) await reservedIds.forget(end, 500)
    },
  },
  idempotencyKeys: {
    reserve: async (keys, ids) => {
      for (const key of ['new', at(ids, 0.5)]) await keys.reserve({ ...REQUEST, key, count: 100 })
    },
    hold: async (keys) => {
      expect(await keys.hold({ ...REQUEST, key: 'held' })).toMatchObject({ state: 'made' })
      expect(await keys.hold({ ...REQUEST, key: 'held' })).toMatchObject({ state: 'held' })
    },
    renew: (keys, ids) => keys.renew(nextTo(at(ids, 0.5)), REQUEST.holder),
    release: (keys, ids) => keys.release(nextTo(at(ids, 0.5)), REQUEST.holder),
    forget: async (keys, ids) => {
      for (const end of [at(ids, 0), at(ids, 0.9)]) await keys.forget(end, 500)
    },
  },
  uploads: {
    create: (uploads) => uploads.create({ owner, length: 1, metadata: '' }),
    createUnder: async (uploads, ids) => {
      for (const id of [nextTo(at(ids, 0.55)), nextTo(at(ids, 0.55))])
        expect(await uploads.createUnder({ id, owner, length: 1, metadata: '' })).toMatchObject({ id })
    },
    find: (uploads, ids) => uploads.find(nextTo(at(ids, 0.55)), owner),
    declareLength: (uploads, ids) => uploads.declareLength(nextTo(at(ids, 0.55)), 10),
    append: (uploads, ids) => uploads.append(nextTo(at(ids, 0.55)), { chunk: '0-a', from: 0, to: 1 }),
    replaceChunks: (uploads, ids) =>
      uploads.replaceChunks(nextTo(at(ids, 0.55)), { before: ['0-a'], after: ['0-b'] }),
    remove: (uploads, ids) => uploads.remove(nextTo(at(ids, 0.55)), owner),
    before: async (uploads, ids) => {
      for (const end of [at(ids, 0), at(ids, 0.9)]) await uploads.before(end, 200)
    },
  },
  imports: {
    insert: async (imports, ids) => {
      const id = String(BigInt(ids.at(-1) ?? 0) + 1n) as PhotoId
      const photo = { ...PLAIN, id, owner, secret: SECRET, postedAt: null, madeBy: LINE }
      expect(await imports.insert(photo, NAME)).toBe(true)
    },
    name: (imports, ids) => imports.name(at(ids, 0.5), { ...NAME, externalId: 'b' }),
    find: (imports) => imports.find(NAME),
    findBytes: (imports) => imports.findBytes(owner, 'ab'.repeat(32), LINE),
    named: (imports) => imports.named('folder', 'a', 20),
    waiting: (imports) => imports.waiting(1_000),
    failedOf: (imports) => imports.failedOf(1, { code: null, after: null, limit: 1_000 }),
  },
  feeds: {
    of: (feeds) => feeds.of(owner, { older: 30 }),
    page: async (feeds, ids) => {
      const followed = [owner, ...MANY_OWNERS]
      const cut = { postedAt: addedAt(at(ids, 0.5)), id: at(ids, 0.5) }
      await feeds.page(followed, { older: 30 })
      for (const side of SIDES) await feeds.page(followed, { cut, ...side })
    },
  },
  follows: {
    of: (follows) => follows.of(owner),
    remembered: (follows) => follows.remembered(owner),
    set: (follows) => follows.set(owner, MANY_OWNERS),
    add: (follows) => follows.add(stranger, owner),
    remove: (follows) => follows.remove(owner, MANY_OWNERS[7] as OwnerId),
    tell: (follows) => follows.tell(owner),
    tellAll: async (follows) => {
      const since = inAnHour()
      const { next } = await follows.tellAll(since, null)
      await follows.tellAll(since, next)
    },
    followersOf: async (follows) => {
      const page = await follows.followersOf(owner, null, 1_000)
      await follows.followersOf(owner, page.at(-1) ?? null, 1_000)
    },
    forget: (follows) => follows.forget(inAnHour(), 1_000),
  },
  photoEvents: {
    of: async (events, ids) => {
      for (const after of [at(ids, 0), at(ids, 0.9)]) await events.of(owner, after, 100)
    },
    ofEach: (events, ids) =>
      events.ofEach(
        [owner, ...MANY_OWNERS].map((each) => ({ owner: each, after: at(ids, 0.9) })),
        100,
      ),
    newOf: async (events, ids) => {
      for (const after of [at(ids, 0), at(ids, 0.9)]) await events.newOf([owner, ...MANY_OWNERS], after, 100)
    },
    ofPhoto: (events, ids) => events.ofPhoto(at(ids, 0.5)),
    readyTimes: (events) => events.readyTimes(new Date(Date.now() - 3_600_000)),
    lastOf: async (events) => {
      await events.lastOf(owner)
      const nobody = { onWritten: () => {}, onFollowing: () => {}, onGap: () => {}, onFailure: () => {} }
      using tail = events.tail(nobody)
      await tail.begun
      const { time } = tail
      await expect.poll(() => tail.time).toBeGreaterThan(time)
    },
    forget: async (events, ids) => {
      for (const isTold of [true, false]) await events.forget({ isTold, end: at(ids, 0.9) }, 500)
    },
  },
  webhookEvents: {
    untold: (events, ids) => events.untold(at(ids, 0.1), 100),
    due: (events) => events.due(),
    find: (events, ids) => events.find(ids.slice(-100)),
    markTold: (events, ids) => events.markTold(ids.slice(-100)),
    refuse: (events, ids) => events.refuse(at(ids, 0.5), { seconds: 10, because: 'x' }),
    retryAll: (events) => events.retryAll(),
    refused: (events) => events.refused(100),
    backlog: (events, ids) => events.backlog(at(ids, 0.995)),
    resend: (events, ids) => events.resend(ids.slice(-100)),
    between: async (events, ids) => {
      for (const isTold of [true, false]) {
        for (const whose of [owner, null])
          await events.between(at(ids, 0.5), at(ids, 0.9), { isTold, owner: whose, limit: 100 })
      }
    },
  },
  adoptions: {
    find: (adoptions) =>
      adoptions.find(
        'folder',
        Array.from({ length: 500 }, (_, n) => ({ ...NAME, externalId: `${n}` })),
      ),
    nextIds: (adoptions) => adoptions.nextIds(Array.from({ length: 500 }, () => owner)),
    insert: async (adoptions) => {
      const [id] = (await adoptions.nextIds([owner])) as [PhotoId]
      const adopted = { from: 's3://old/a.jpg', etag: 'ab' }
      const photo = {
        ...PLAIN,
        id,
        owner,
        externalId: 'adopted',
        secret: SECRET,
        bytes: 3,
        postedAt: null,
        line: 1,
        adopted,
      }
      expect(await adoptions.insert([photo], { source: 'folder', run: 1 })).toBe(true)
    },
    identify: (adoptions, ids) => adoptions.identify(at(ids, 0.5), PLAIN.original),
  },
  objects: {
    ofPhotos: (objects, ids) => objects.ofPhotos(ids.slice(-500)),
    ofShards: (objects) => objects.ofShards([shardOfOwner(stranger)]),
  },
  installation: {
    id: (installation) => installation.id(),
    isEmpty: (installation) => installation.isEmpty(),
    keepPresets: (installation) => installation.keepPresets(['feed']),
    presets: (installation) => installation.presets(),
  },
}

/** Photos written by writePhotos have no secret yet. */
const unmoved = (id: PhotoId) => ({ ...placeOf(id), secret: null })
const at = (ids: readonly PhotoId[], part: number) => ids[Math.floor(ids.length * part)] as PhotoId
/** An id that writeReservations has reserved. */
const nextTo = (id: PhotoId) => String(BigInt(id) + 2n ** 23n) as PhotoId
const inAnHour = () => new Date(Date.now() + 3_600_000)

test(`no statement sorts or scans what an index gives, however many photos there are`, {
  timeout: 10 * MINUTES,
}, async () => {
  await using database = await openTestDatabase()
  await writePhotos(database, { owner, shard: shardOfOwner(owner), count: PHOTOS })
  await writeDifferences(database)
  await writeReservations(database, owner)
  await writeShown(database, MANY_OWNERS)
  await writeFollows(database, { owner, shard: shardOfOwner(owner), count: 50_000 })
  await writeEvents(database, owner)
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const catalog = new Catalog(map)
  const rows = (await database.query('select id::text from photos p order by p.id')) as { id: PhotoId }[]
  const ids = rows.map(({ id }) => id)

  const { query, read } = Database.prototype
  using reads = vi.spyOn(Database.prototype, 'read').mockImplementation(async function (
    this: Database,
    statement,
    values,
  ) {
    // PostgreSQL refuses it when it writes, or locks a row.
    await this.transaction(async (within) => {
      await within.query('set transaction read only')
      await within.query(statement, values)
    })
    return await read.call(this, statement, values)
  } as typeof read)
  const costly: Record<string, string[]> = {}
  const calls = Object.entries(CALLS).flatMap(([room, ofRoom]) =>
    Object.entries(ofRoom).map(([name, call]) => ({
      name: `${room}.${name}`,
      room: catalog[room as keyof Catalog],
      call,
    })),
  )
  for (const { name, room, call } of calls) {
    using asked = vi.spyOn(Database.prototype, 'query').mockImplementation(async function (
      this: Database,
      statement,
      values,
    ) {
      if (
        / photos|heads|renditions|reserved_ids|idempotency_keys|daily_uses|uploads|follow|photo_events/.test(
          statement,
        )
      ) {
        const plan = await explain(this, statement, values)
        const costs = costsOf(plan, FEW)
        const most = { 'photos.list': PAGE, 'feeds.page': FEED }[name]
        if (most !== undefined && photosRead(plan) > most) costs.push(`${photosRead(plan)} photos for a page`)
        if (costs.length > 0) costly[`${name}: ${statement}`] = costs
      }
      return await query.call(this, statement, values)
    } as typeof query)
    await call(room as never, ids)
    expect(asked, name).toHaveBeenCalled()
  }

  expect(costly).toEqual({})
  expect(reads).toHaveBeenCalled()
})

function photosRead(plan: Plan): number {
  const read = plan['Relation Name'] === 'photos' ? rowsOf(plan) : 0
  return (plan.Plans ?? []).reduce((sum, step) => sum + photosRead(step), read)
}

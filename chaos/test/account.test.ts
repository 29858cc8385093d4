import { describe, expect, test } from 'vitest'
import { moveShards, type OnStage } from '../../src/catalog/moves/move-shards.ts'
import { migrateCatalog } from '../../src/catalog/tables/migrate.ts'
import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import { failureOf } from '../../src/photo/failure.ts'
import type { FilterName } from '../../src/photo/look/filter.ts'
import { originalKey, renditionKey } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { movePhoto } from '../../src/places/move-photo.ts'
import { openEmptyDatabase } from '../../test/support/database.ts'
import { silentLog, startService, type TestService } from '../../test/support/service.ts'
import { account, checkOldUrls } from '../account.ts'
import { halfMoved } from '../leftovers.ts'
import type { Edit } from '../owner.ts'
import { settle } from '../settle.ts'
import { type Attempt, uploadAll } from '../uploader.ts'

const UPLOADS = 3
const jpeg = { contentType: 'image/jpeg' }

/** Photos that were taken in and made while nothing went wrong. */
async function openBooks() {
  const service = await startService()
  const attempts = await uploadAll({
    url: service.url,
    tokenOf: service.token,
    seed: 1,
    uploads: UPLOADS,
    seconds: 0,
    giveUpAfterMs: 60_000,
    wishes: () => [],
    stop: new AbortController().signal,
  })
  {
    await using _work = service.work({ withAvif: true })
    await settle(service, silentLog)
  }
  const acknowledged = attempts.flatMap(({ outcome, owner }) =>
    outcome.name === 'acknowledged' ? [{ id: outcome.id, owner }] : [],
  )
  const find = async (id: string, owner: string) => {
    const headers = { authorization: `Bearer ${await service.token(owner)}` }
    return (await (await fetch(`${service.url}/v1/photos/${id}`, { headers })).json()) as PhotoReply
  }
  return {
    service,
    attempts,
    find,
    ids: acknowledged.map(({ id }) => id) as [PhotoId, PhotoId, ...PhotoId[]],
    account: (told: readonly Attempt[] = attempts) => account({ services: service, attempts: told, find }),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
}

async function renditionsOf({ catalog }: TestService, id: PhotoId): Promise<string[]> {
  const photo = await catalog.photos.find(id)
  return photo?.renditions.map((rendition) => renditionKey(photo, rendition)) ?? []
}

async function bytesOf({ store }: TestService, key: string): Promise<Buffer> {
  return await store.read(key)
}

describe('the account of a chaos run', () => {
  test('finds nothing when all is as it was promised', async () => {
    await using books = await openBooks()

    expect(await books.account()).toEqual([])
  })

  test('finds a feed that lacks what its owners show', async () => {
    await using books = await openBooks()
    await books.service.database.query(
      `set darkroom.moves_shards = 'yes'; update heads set posted_at = null, photo_id = null`,
    )

    expect(await books.account()).toEqual([expect.stringMatching(/^the feed of all owners has/)])
  })

  test('finds a photo that has not the look its owner gave it, and one that its owner deleted', async () => {
    await using books = await openBooks()
    const edits: Edit[][] = [
      [{ wish: { name: 'look', filter: 'clear' as FilterName }, statuses: [503, 202] }],
      [{ wish: { name: 'deletion' }, statuses: [0, 404] }],
      [],
    ]
    const told = books.attempts.map((attempt, index) => ({ ...attempt, edits: edits[index] ?? [] }))
    const [first, second] = told.map(({ outcome }) => (outcome.name === 'acknowledged' ? outcome.id : ''))

    const found = await books.account(told)

    expect(found).toContainEqual(expect.stringMatching(`photo ${first}: has the look \\w+, not clear`))
    expect(found).toContain(`upload ${told[1]?.number} was deleted as ${second}, which is still there`)
  })

  test('finds a photo that its owner made private and is not, and a URL of before that still opens', async () => {
    await using books = await openBooks()
    const { service, attempts, find } = books
    const [attempt, ...others] = attempts as [Attempt, ...Attempt[]]
    const [key = ''] = await renditionsOf(service, books.ids[0])
    const { renditions } = await find(books.ids[0], attempt.owner)
    const urls = renditions.map(({ url }) => url)
    const edits: Edit[] = [
      { wish: { name: 'visibility', visibility: 'private' }, statuses: [200], urls },
      { wish: { name: 'focus', focus: { x: 0, y: 0 } }, statuses: [202] },
    ]
    const told = [{ ...attempt, edits }, ...others]

    expect(await books.account(told)).toEqual([
      `photo ${books.ids[0]}: is public, not private`,
      `photo ${books.ids[0]}: has another focus`,
    ])
    expect(await checkOldUrls({ attempts: told, find })).toEqual([])
    await movePhoto(service, books.ids[0], 'private', silentLog)
    expect(await checkOldUrls({ attempts: told, find })).toEqual([])
    await service.store.put(key, Buffer.from('pix'), jpeg)
    expect(await checkOldUrls({ attempts: told, find })).toEqual([
      `photo ${books.ids[0]}: /${key} of a place it has left is still delivered`,
    ])
  })

  test('finds a wish that was never granted, and what was said of it besides that it can not be now', async () => {
    await using books = await openBooks()
    const [attempt, ...others] = books.attempts as [Attempt, ...Attempt[]]
    const edits: Edit[] = [{ wish: { name: 'deletion' }, statuses: [500, 503] }]

    const found = await books.account([{ ...attempt, edits }, ...others])

    expect(found).toContain(`the deletion of upload ${attempt.number} was answered with 500`)
    expect(found).toContain(`the deletion of upload ${attempt.number} was never granted: 500 503`)
  })

  test('finds an original and a rendition that are missing', async () => {
    await using books = await openBooks()
    const [first, second] = books.ids
    const rendition = (await renditionsOf(books.service, second)).find((key) => key.includes('/thumb-')) ?? ''
    await books.service.store.delete([originalKey(first, 'jpeg'), rendition])

    expect((await books.account()).toSorted()).toEqual(
      [`photo ${first}: has no original`, `photo ${second}: thumb.jpeg is answered with 403`].toSorted(),
    )
  })

  test('finds a rendition that shows another photo', async () => {
    await using books = await openBooks()
    const [first, second] = books.ids
    const [mine = ''] = await renditionsOf(books.service, first)
    const [other = ''] = await renditionsOf(books.service, second)
    await books.service.store.put(mine, await bytesOf(books.service, other), jpeg)

    expect(await books.account()).toEqual(
      expect.arrayContaining([expect.stringContaining(`photo ${first}: `)]),
    )
  })

  test('finds objects that are nobody’s', async () => {
    await using books = await openBooks()
    const original = originalKey('764879989359635463' as PhotoId, 'jpeg')
    await books.service.store.put(original, Buffer.from('pix'), jpeg)
    const doubled = (await renditionsOf(books.service, books.ids[0]))[0]?.replace(/-\w+\./, '-00000000.')
    await books.service.store.put(doubled ?? '', Buffer.from('pix'), jpeg)

    expect((await books.account()).toSorted()).toEqual(
      [`object ${original} is nobody's`, `object ${doubled} is nobody's`].toSorted(),
    )
  })

  test('finds a photo that was acknowledged and is gone, and one that is there twice', async () => {
    await using books = await openBooks()
    const [first, second] = books.ids
    const { database } = books.service
    await database.query(`delete from photos where id = ${first}`)
    await database.query(
      `insert into photos select (jsonb_populate_record(p, jsonb_build_object('id', p.id + 512))).* from photos p where id = ${second}`,
    )

    const findings = await books.account()

    expect(findings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(`was acknowledged as ${first}, which is not there`),
        expect.stringMatching('2 photos have the same original'),
        expect.stringMatching(`photo ${BigInt(second) + 512n}: has no original`),
      ]),
    )
  })

  test('finds photos that are not ready, and jobs that are left', async () => {
    await using books = await openBooks()
    const [first] = books.ids
    await books.service.database.query(`update photos set status = 'processing' where id = ${first}`)
    await books.service.catalog.photos.fail(first, failureOf(null))
    await books.service.queue.enqueue({ kind: 'resize', photoId: first })

    expect((await books.account()).toSorted()).toEqual(
      [`photo ${first}: is failed (processing_failed)`, '1 jobs are waiting'].toSorted(),
    )
  })

  test('finds an upload that was never taken in, and an answer that is nobody’s fault', async () => {
    await using books = await openBooks()
    const [attempt] = books.attempts as [Attempt]
    const refused: Attempt = {
      ...attempt,
      number: 99,
      sha256: '00'.repeat(32),
      outcome: { name: 'refused', status: 500, code: 'internal' },
    }

    expect(await books.account([...books.attempts, refused])).toEqual([
      'upload 99 was never taken in, in 1 attempts',
      'upload 99 was answered with 500 internal',
    ])
  })

  test('finds shards that a move left half-way', async () => {
    await using source = await openEmptyDatabase()
    await using target = await openEmptyDatabase()
    const ranges = [
      { from: 0, to: 4095, url: source.url },
      { from: 4096, to: 8191, url: target.url },
    ]
    await migrateCatalog(ranges)
    const move = async (onStage?: OnStage) =>
      await moveShards(ranges, { from: 10, to: 20 }, target.url, onStage)
    const killed = (stage: string) => {
      if (stage === 'copied') throw new Error('killed')
    }

    expect(await halfMoved(ranges)).toEqual([])
    await expect(move(killed)).rejects.toThrow('killed')
    expect(await halfMoved(ranges)).toEqual([expect.stringMatching(/^shards 10-20 are arriving in /)])
    await move()
    expect(await halfMoved(ranges)).toEqual([])
  })
})

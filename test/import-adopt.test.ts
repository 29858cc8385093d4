import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { compare } from '../src/sweep/compare.ts'
import { KEY } from './support/edge.ts'
import { type ImportWish, importAll } from './support/imports.ts'
import { fixture } from './support/pictures.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { startService, type TestService } from './support/service.ts'
import { temporaryFolder, writeContents, writeZip } from './support/sources.ts'
import { authorization } from './support/uploads.ts'

type Feed = { photos: PhotoReply[] }

async function get<Reply>(service: TestService, path: string, owner = 'bob'): Promise<Reply> {
  const reply = await fetch(`${service.url}${path}`, { headers: await authorization(service, owner) })
  expect(reply.status).toBe(200)
  return (await reply.json()) as Reply
}

async function feed(service: TestService, viewer = 'bob'): Promise<PhotoReply[]> {
  return (await get<Feed>(service, '/v1/owners/alice/photos', viewer)).photos
}

const adopt = async (service: TestService, wish: ImportWish) =>
  await importAll(service, { adopt: true, ...wish, choices: { postedAt: 'mtime', ...wish.choices } })

const urlOf = ({ renditions }: PhotoReply, name: string) =>
  renditions.find(({ preset }) => preset === name)?.url ?? ''

async function onePhoto(service: TestService, folder: string, body?: Buffer): Promise<PhotoReply> {
  await writeContents(folder, { 'a.jpg': body ?? (await fixture('plain.jpg')) })
  await adopt(service, { names: [folder] })
  const [photo] = await feed(service)
  return photo as PhotoReply
}

describe('a photo that is adopted', () => {
  test('is in the feed at once, is made by its first viewers, once, and is like any other from then on', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    await writeContents(folder.path, {
      'a.jpg': await fixture('plain.jpg'),
      'list.csv': 'path,postedAt,externalId,alt,filter\na.jpg,2015-03-01T00:00:00Z,7,A boat,mono\n',
    })

    const { run, lines } = await adopt(service, { names: [join(folder.path, 'list.csv')] })

    expect(run).toMatchObject({ state: 'complete', done: 1 })
    const [photo] = (await feed(service)) as [PhotoReply]
    expect(photo).toMatchObject({
      id: lines['a.jpg']?.photo,
      status: 'ready',
      createdAt: '2015-03-01T00:00:00.000Z',
      alt: 'A boat',
      filter: 'mono',
      original: { format: null, width: null, height: null },
      color: null,
    })
    expect(photo.renditions.map(({ preset, format, width }) => `${preset} ${format} ${width}`)).toContain(
      'feed jpeg null',
    )
    expect(await service.queue.counts('live')).toMatchObject({ waiting: 0 })

    await using _work = service.work({ withAvif: true })
    const replies = await Promise.all(photo.renditions.map(async ({ url = '' }) => await fetch(url)))
    const bodies = await Promise.all(replies.map(async (reply) => Buffer.from(await reply.arrayBuffer())))

    for (const [index, reply] of replies.entries()) {
      expect(reply.status).toBe(200)
      expect(reply.headers.get('content-type')).toBe('image/jpeg')
      expect(bodies[index]?.subarray(0, 2).toString('hex')).toBe('ffd8')
    }
    await expect
      .poll(async () => (await feed(service))[0]?.renditions.some(({ format }) => format === 'avif'))
      .toBe(true)
    const [made] = (await feed(service, 'alice')) as [PhotoReply]
    const { length } = await fixture('plain.jpg')
    expect(made).toMatchObject({ status: 'ready', original: { format: 'jpeg', bytes: length, width: 160 } })
    expect(made.original.sha256).toMatch(/^[0-9a-f]{64}$/)
    // What was handed out before still opens, though presets that come out alike share one object by now.
    for (const { url = '' } of photo.renditions) expect((await fetch(url)).status).toBe(200)
    expect(await Array.fromAsync(service.store.list('originals/'))).toEqual([])
  })

  test('is adopted once, however often, and its lines are told', async () => {
    await using service = await startService({ MAX_UPLOAD_BYTES: '100000' })
    await using folder = await temporaryFolder()
    const photo = await fixture('plain.jpg')
    await writeContents(folder.path, {
      'a.jpg': photo,
      'twice.jpg': photo,
      noextension: photo,
      'empty.jpg': '',
      'large.jpg': Buffer.alloc(100_001),
      'movie.mp4': 'x',
      'notes.txt': 'x',
      'list.csv':
        'path,externalId\na.jpg,1\ntwice.jpg,1\nnoextension,2\nempty.jpg,3\nlarge.jpg,4\nmovie.mp4,5\nnotes.txt,6\ngone.jpg,7\n',
    })
    const names = [join(folder.path, 'list.csv')]

    const { run, lines } = await adopt(service, { names })
    const again = await adopt(service, { names })

    const told = (of: typeof lines) =>
      Object.values(of).map(({ path, outcome, code }) => `${path} ${outcome} ${code}`)
    expect(told(lines)).toEqual([
      'a.jpg imported null',
      'twice.jpg already_there known',
      'noextension imported null',
      'empty.jpg refused empty_file',
      'large.jpg refused photo_too_large',
      'movie.mp4 skipped video',
      'notes.txt skipped not_a_photo',
      'gone.jpg missing file_missing',
    ])
    expect(run).toMatchObject({ done: 2, skipped: 3, failed: 3, left: 0 })
    expect(told(again.lines).filter((line) => line.includes('known'))).toHaveLength(3)
    expect(again.run).toMatchObject({ done: 0 })
    expect(await feed(service)).toHaveLength(2)
  })

  test('is made by a reprocess under the same URLs, whether anybody has looked at it or not', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const photo = await onePhoto(service, folder.path)

    const run = await complete(service, await startReprocess(service, { state: 'missing' }))

    expect(run).toMatchObject({ selected: 1, done: 1, failed: 0 })
    const [made] = (await feed(service)) as [PhotoReply]
    expect(made.original).toMatchObject({ format: 'jpeg', width: 160 })
    expect(made.renditions.map(({ format }) => format)).toContain('avif')
    for (const { url = '' } of photo.renditions) expect((await fetch(url)).status).toBe(200)
  })

  test('can get another look, be hidden and be deleted before anybody has seen it, and its original stays', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const photo = await onePhoto(service, folder.path)
    const headers = {
      ...(await authorization(service)),
      prefer: 'wait=30',
      'content-type': 'application/json',
    }
    const send = async (method: string, path: string, body?: object) =>
      await fetch(`${service.url}/v1/photos/${photo.id}${path}`, {
        method,
        headers: body ? headers : { authorization: headers.authorization },
        ...(body && { body: JSON.stringify(body) }),
      })

    expect((await send('PATCH', '', { visibility: 'private' })).status).toBe(200)
    expect((await fetch(urlOf(photo, 'feed'))).status).toBe(403)
    const [hidden] = (await feed(service, 'alice')) as [PhotoReply]
    await using _work = service.work()
    expect((await fetch(urlOf(hidden, 'feed'))).status).toBe(200)
    const looked = await send('PUT', '/filter', { filter: 'mono' })
    expect(await looked.json()).toMatchObject({ filter: 'mono', wanted: null })
    expect((await send('DELETE', '')).status).toBe(204)

    await expect.poll(async () => await Array.fromAsync(service.store.list(''))).toEqual(['darkroom.json'])
    expect(await readFile(join(folder.path, 'a.jpg'))).toEqual(await fixture('plain.jpg'))
  })

  test.each([
    ['is another by then', 'original_changed', async (path: string) => await writeFile(path, 'GIF89a')],
    ['is not there', 'original_missing', async (path: string) => await rm(path)],
    ['is no photo', 'unsupported_format', null],
  ] as const)('of which the original %s fails, and says so', async (_, code, change) => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const body = change === null ? Buffer.from('no photo at all') : undefined
    const photo = await onePhoto(service, folder.path, body)
    await change?.(join(folder.path, 'a.jpg'))

    await using _work = service.work()
    expect((await fetch(urlOf(photo, 'feed'))).status).toBe(403)

    expect(await get(service, `/v1/photos/${photo.id}`, 'alice')).toMatchObject({
      status: 'failed',
      failure: { code },
    })
    expect(await feed(service)).toEqual([])
  })

  test('is mended by a reprocess of what failed, when its original is back', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const photo = await onePhoto(service, folder.path)
    await rename(join(folder.path, 'a.jpg'), join(folder.path, 'b.jpg'))
    const run = await complete(service, await startReprocess(service), 'complete')
    expect(run).toMatchObject({ failed: 1 })
    expect(await get(service, `/v1/photos/${photo.id}`, 'alice')).toMatchObject({ status: 'failed' })
    await rename(join(folder.path, 'b.jpg'), join(folder.path, 'a.jpg'))

    await complete(service, await startReprocess(service, { state: 'failed' }))

    expect(await get(service, `/v1/photos/${photo.id}`, 'alice')).toMatchObject({
      status: 'ready',
      original: { format: 'jpeg' },
    })
  })

  test('makes nobody work for a key that no reply has', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const photo = await onePhoto(service, folder.path)
    const url = urlOf(photo, 'feed')
    const [path = '', query = ''] = url.split('?')
    const forged = [
      path.replace(/feed-\w{8}/, 'feed-00000000'),
      path.replace(/\.jpg$/, '.avif'),
      path.replace('/feed-', '/nosuch-'),
      path.replace(/-[\w-]{11}\//, '-k3J9sQ2x0aE/'),
    ]

    for (const each of forged) expect((await fetch(`${each}?${query}`)).status).toBe(403)
    expect((await fetch(path)).status).toBe(403)

    expect(await service.queue.counts('live')).toMatchObject({ waiting: 0, active: 0 })
  })

  test('is no loss to the sweep, which looks for no original of it', async () => {
    await using service = await startService()
    await using folder = await temporaryFolder()
    const photo = await onePhoto(service, folder.path)
    await complete(service, await startReprocess(service))
    const kept = await service.catalog.objects.ofPhotos([photo.id as PhotoId])

    const stored = await Array.fromAsync(service.store.list('public/'))
    const difference = compare(stored, kept.get(photo.id as PhotoId) ?? null)

    expect(difference).toEqual({ strays: [], isForgotten: false, isOriginalMissing: false, missing: [] })
  })
})

test('what lies in a zip or is an object of our own can not be adopted, and that is said', async () => {
  await using service = await startService()
  await using folder = await temporaryFolder()
  await writeContents(folder.path, { 'a.jpg': await fixture('plain.jpg') })
  await writeZip(join(folder.path, 'photos.zip'), { 'a.jpg': await fixture('plain.jpg') })

  const zip = await adopt(service, { names: [join(folder.path, 'photos.zip')] })
  const own = await adopt(service, { names: [folder.path], isOwn: (from) => from.endsWith('/a.jpg') })

  expect(zip.run).toMatchObject({ state: 'stopped' })
  expect(zip.run.reason).toContain('unpack it')
  expect(own.lines['a.jpg']).toMatchObject({ outcome: 'refused', code: 'own_object' })
})

test('behind CloudFront a promised rendition is made for who has its secret, with the tag that takes its copies down', async () => {
  await using key = await temporaryFolder()
  const file = join(key.path, 'cdn.pem')
  await writeFile(file, KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const secret = 'a secret of CloudFront and this server'
  await using service = await startService({
    CDN_URL: 'https://d111111abcdef8.cloudfront.net',
    CDN_KEY_PAIR_ID: KEY.keyPairId,
    CDN_PRIVATE_KEY_FILE: file,
    CDN_DISTRIBUTION_ID: 'EDFDVBD6EXAMPLE',
    CDN_ORIGIN_SECRET: secret,
  })
  await using folder = await temporaryFolder()
  const photo = await onePhoto(service, folder.path)
  const url =
    urlOf(photo, 'feed').replace('https://d111111abcdef8.cloudfront.net', service.url).split('?')[0] ?? ''
  await using _work = service.work()

  expect((await fetch(url)).status).toBe(403)
  expect((await fetch(url, { headers: { 'x-darkroom-origin': `${secret}!` } })).status).toBe(403)
  const reply = await fetch(url, { headers: { 'x-darkroom-origin': secret } })

  expect(reply.status).toBe(200)
  expect(Object.fromEntries(reply.headers)).toMatchObject({
    'content-type': 'image/jpeg',
    'x-amz-meta-cache-tag': `photo-${photo.id}`,
  })
})

import { describe, expect, test } from 'vitest'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { Photo, Rendition } from '../src/photo/photo.ts'
import { pairOf, pairsOf } from '../src/reprocess/pairs.ts'
import { startSequel } from '../src/reprocess/sequels.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const presets = [
  { name: 'thumb', fit: 'cover' },
  { name: 'feed', fit: 'inside' },
  { name: 'full', fit: 'inside' },
] as unknown as Parameters<typeof pairOf>[2]

function rendition(preset: string, format: string, digest: string, width: number): Rendition {
  return { preset, format, digest, width, height: width, bytes: 1 } as Rendition
}

describe('a pair', () => {
  test.for([
    {
      of: 'the largest of what was made, and the same of before',
      made: [
        rendition('feed', 'jpeg', 'b', 10),
        rendition('full', 'jpeg', 'c', 20),
        rendition('full', 'avif', 'd', 20),
      ],
      earlier: [rendition('full', 'avif', '2', 20), rendition('full', 'jpeg', '1', 20)],
      pair: ['1', 'c'],
    },
    {
      of: 'AVIF where nothing else was made, and the largest of before',
      made: [rendition('full', 'avif', 'd', 20), rendition('full', 'jpeg', '1', 20)],
      earlier: [rendition('full', 'jpeg', '1', 20), rendition('feed', 'jpeg', '0', 10)],
      pair: ['1', 'd'],
    },
    {
      of: 'nothing where a crop alone was made',
      made: [rendition('thumb', 'jpeg', 'd', 20)],
      earlier: [rendition('full', 'jpeg', '1', 20)],
      pair: null,
    },
  ])('is of $of', ({ made, earlier, pair }) => {
    const found = pairOf({ renditions: made } as unknown as Photo, earlier, presets)

    expect(found && [found.before.digest, found.after.digest]).toEqual(pair)
  })
})

test('pairs of a run are those first that differ most, page by page, and their bytes are lent for minutes', async () => {
  await using service = await startService()
  {
    await using _work = service.work()
    const files = [
      await fixture('plain.jpg'),
      await noisyJpeg({ width: 300, height: 200 }, 1),
      await fixture('alpha.png'),
    ]
    for (const file of files)
      await postForm(service, photoForm(file, { visibility: 'private' }), { prefer: 'wait=30' })
  }
  const run = await startReprocess(service, { state: 'all' })
  await complete(service, run)
  const page = async (of: number, after = null as Awaited<ReturnType<typeof pairsOf>>['next'], limit = 2) =>
    await pairsOf(service.catalog, service.presets, { run: of, after, limit })

  const first = await page(run)
  const rest = await page(run, first.next)

  const pairs = [...first.pairs, ...rest.pairs]
  expect(new Set(pairs.map(({ photo }) => photo.id)).size).toBe(3)
  expect(rest.next).toBeNull()
  const differences = pairs.map(({ difference }) => difference)
  expect(differences).toEqual(differences.toSorted((a, b) => b - a))
  expect(differences[0]).toBeGreaterThan(0)
  for (const { photo, before, after } of pairs) {
    const { urlOf, expiresAt } = service.cdn.lend(photo)
    for (const each of [before, after]) {
      const reply = await fetch(urlOf(renditionKey(photo, each)))
      expect((await reply.arrayBuffer()).byteLength).toBe(each.bytes)
    }
    expect(expiresAt.getTime() - Date.now()).toBeLessThan(16 * MINUTES)
    expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(9 * MINUTES)
  }
  const back = await startSequel(service.catalog, 'rollback', run)
  await complete(service, back)
  expect((await page(back, null, 9)).pairs.map(({ photo }) => photo.id)).toEqual(
    pairs.map(({ photo }) => photo.id),
  )
  expect((await page(run)).pairs).toEqual([])
})

import { describe, expect, test } from 'vitest'
import type { Copies } from '../src/delivery/cdn.ts'
import { CloudFrontCdn } from '../src/delivery/cloudfront-cdn.ts'
import { SignedCdn } from '../src/delivery/signed-cdn.ts'
import { CdnBusyError, EngineUnavailableError, SetupError } from '../src/errors.ts'
import { renditionKey, renditionsPrefix } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import {
  type CloudFrontApi,
  type CloudFrontApiOptions,
  startCloudFrontApi,
} from './support/cloudfront-api.ts'
import { KEY, ORIGIN, VIEWER } from './support/edge.ts'
import { placeOf, SECRET } from './support/place.ts'

const PLACE = placeOf('764879989359635463' as PhotoId)
const PHOTO = copiesOf(PLACE.id)
const SIGNED = { origin: ORIGIN, key: KEY, windowSeconds: 86_400, minLifeSeconds: 3600 }

const photos = (count: number) =>
  Array.from({ length: count }, (_, index) => copiesOf(String(BigInt(PLACE.id) + BigInt(index)) as PhotoId))
const tagOf = ({ id }: Copies) => `#photo-${id}`
const pathOf = ({ id }: Copies) => `/public/1403/${id}-${SECRET}/*`

function copiesOf(id: PhotoId, occasion = 'removed'): Copies {
  return { id, prefix: renditionsPrefix(placeOf(id)), occasion }
}

function connectCdn(api: CloudFrontApi, distributionId = api.distributionId): CloudFrontCdn {
  return new CloudFrontCdn({ ...SIGNED, cloudFront: api.connect(distributionId) })
}

async function startCdn(options: CloudFrontApiOptions = {}) {
  const api = await startCloudFrontApi(options)
  const cdn = connectCdn(api)
  return {
    api,
    cdn,
    async [Symbol.asyncDispose]() {
      cdn[Symbol.dispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}

/** As whoever takes down many does: again and again, until none is left or 99 answers say no. Returns the calls. */
async function invalidateAll(cdn: CloudFrontCdn, ids: readonly Copies[]): Promise<number> {
  let left = ids
  for (let call = 1; ; call++) {
    const taken = await cdn.invalidate(left).catch((error) => {
      if (error instanceof CdnBusyError && call < 99) return []
      throw error
    })
    left = left.slice(taken.length)
    if (left.length === 0) return call
  }
}

describe('An invalidation', () => {
  test('forgets all renditions of each photo by its tag, all photos in one batch', async () => {
    await using there = await startCdn()
    const ids = photos(5)

    expect(await there.cdn.invalidate(ids)).toEqual(ids)

    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([ids.map(tagOf)])
  })

  test('of the same photo on another occasion is another one; of its places by tag one, by path one each', async () => {
    await using byTag = await startCdn()
    await using byPath = await startCdn({ cacheTagHeader: false })
    const places = [PHOTO, { ...PHOTO, prefix: PHOTO.prefix.replace('public', 'private') }]
    const again = places.map((copies) => ({ ...copies, occasion: 'moved' }))

    for (const { cdn } of [byTag, byPath])
      for (const each of [places, places, again]) await cdn.invalidate(each)

    const paths = places.map(({ prefix }) => `/${prefix}*`).sort()
    expect(byTag.api.invalidations.map((each) => each.paths)).toEqual([[tagOf(PHOTO)], [tagOf(PHOTO)]])
    expect(byPath.api.invalidations.map((each) => each.paths)).toEqual([paths, paths])
  })

  test.each([
    ['reads no tags', false],
    ['reads them from another header', 'cache-tag'],
    ['may not be looked at', 'forbidden'],
  ] as const)('goes by wildcards of the path where the distribution %s', async (_, cacheTagHeader) => {
    await using there = await startCdn({ cacheTagHeader })
    const ids = photos(5)

    await there.cdn.invalidate(ids)

    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([ids.map(pathOf)])
  })

  test.each([
    ['tags', 'x-amz-meta-cache-tag', 150],
    ['wildcards', false, 15],
  ] as const)(
    'of many photos has no more %s than the quota lets through at once, and says which it took',
    async (_, cacheTagHeader, most) => {
      await using there = await startCdn({ cacheTagHeader })
      const ids = photos(200)

      const taken = await there.cdn.invalidate(ids)

      expect(taken).toEqual(ids.slice(0, most))
      expect(there.api.batches.map(({ length }) => length)).toEqual([most])
    },
  )

  test('of the same photos is the same invalidation, from every process and in any order', async () => {
    await using there = await startCdn()
    using elsewhere = connectCdn(there.api)
    const ids = photos(3)

    await there.cdn.invalidate(ids)
    await elsewhere.invalidate(ids.toReversed())

    expect(there.api.batches).toHaveLength(2)
    expect(there.api.invalidations).toHaveLength(1)
  })

  test('whose reply is lost is sent again and made once', async () => {
    await using there = await startCdn({ answer: (_, request) => (request === 1 ? 'cut' : null) })

    await there.cdn.invalidate([PHOTO])

    expect(there.api.batches).toHaveLength(2)
    expect(there.api.invalidations).toHaveLength(1)
  })
})

describe('A quota', () => {
  test.each([
    ['TooManyInvalidationsInProgress', 400],
    ['Throttling', 400],
    ['TooManyRequestsException', 429],
  ])('that is used up (%s) is told, and nothing is taken', async (code, status) => {
    await using there = await startCdn({ answer: () => ({ status, code, message: 'Rate exceeded' }) })

    const invalidating = there.cdn.invalidate(photos(30))

    await expect(invalidating).rejects.toThrow(CdnBusyError)
    await expect(invalidating).rejects.toMatchObject({ retryable: true, cause: { name: code } })
    expect(there.api.invalidations).toEqual([])
  })

  test('of fewer photos than a batch has makes the batches smaller, and loses none', async () => {
    await using there = await startCdn({
      answer: (paths) => (paths.length > 1 ? { status: 400, code: 'TooManyInvalidationsInProgress' } : null),
    })
    const ids = photos(15)

    await invalidateAll(there.cdn, ids)

    expect(there.api.invalidations.flatMap(({ paths }) => paths)).toEqual(ids.map(tagOf))
  })

  test('that is free again makes the batches larger', async () => {
    await using there = await startCdn({
      answer: (_, request) => (request < 5 ? { status: 400, code: 'TooManyInvalidationsInProgress' } : null),
    })

    await invalidateAll(there.cdn, photos(300))

    expect(there.api.invalidations.map(({ paths }) => paths.length)).toEqual([9, 18, 36, 72, 144, 21])
  })
})

describe('An API', () => {
  test('that is broken is told as an engine that is unavailable', async () => {
    await using there = await startCdn({ answer: () => ({ status: 503, code: 'ServiceUnavailable' }) })

    await expect(there.cdn.invalidate([PHOTO])).rejects.toThrow(EngineUnavailableError)
  })

  test('that is not there is told as an engine that is unavailable', async () => {
    const there = await startCdn()
    await there.api[Symbol.asyncDispose]()

    await expect(there.cdn.invalidate([PHOTO])).rejects.toThrow(EngineUnavailableError)
    there.cdn[Symbol.dispose]()
  })

  test('that refuses us says which permission is missing', async () => {
    await using there = await startCdn({ answer: () => ({ status: 403, code: 'AccessDenied' }) })

    const invalidating = there.cdn.invalidate([PHOTO])

    await expect(invalidating).rejects.toThrow(SetupError)
    await expect(invalidating).rejects.toThrow('cloudfront:CreateInvalidation')
  })

  test('that knows no such distribution names the variable', async () => {
    await using there = await startCdn()
    using cdn = connectCdn(there.api, 'EWRONG')

    const invalidating = cdn.invalidate([PHOTO])

    await expect(invalidating).rejects.toThrow('CDN_DISTRIBUTION_ID')
  })

  test('whose answer nobody expected passes it on, and the next call is not held up', async () => {
    await using there = await startCdn({
      answer: (_, request) => (request === 1 ? { status: 400, code: 'InvalidArgument' } : null),
    })

    await expect(there.cdn.invalidate([PHOTO])).rejects.toMatchObject({ name: 'InvalidArgument' })
    await there.cdn.invalidate([PHOTO])
    expect(there.api.invalidations).toHaveLength(1)
  })
})

test('CloudFront gets the URLs that the local edge would', async () => {
  await using there = await startCdn()
  const key = renditionKey(PLACE, { preset: 'feed', format: 'webp', digest: '0a1b2c3d' })

  const delivery = there.cdn.deliver(PLACE, VIEWER)

  expect(delivery.urlOf(key)).toBe(new SignedCdn(SIGNED).deliver(PLACE, VIEWER).urlOf(key))
})

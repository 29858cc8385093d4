import { describe, expect, test } from 'vitest'
import { CloudFrontCdn } from '../src/delivery/cloudfront-cdn.ts'
import { SignedCdn } from '../src/delivery/signed-cdn.ts'
import { CdnBusyError, EngineUnavailableError, SetupError } from '../src/errors.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import {
  type CloudFrontApi,
  type CloudFrontApiOptions,
  startCloudFrontApi,
} from './support/cloudfront-api.ts'
import { KEY, ORIGIN } from './support/edge.ts'

const PHOTO = '764879989359635463' as PhotoId
const SIGNED = { origin: ORIGIN, key: KEY, windowSeconds: 86_400, minLifeSeconds: 3600 }

const photos = (count: number) =>
  Array.from({ length: count }, (_, index) => String(BigInt(PHOTO) + BigInt(index)) as PhotoId)
const pathOf = (id: PhotoId) => `/renditions/1403/${id}/*`

function connectCdn(api: CloudFrontApi, distributionId = api.distributionId): CloudFrontCdn {
  return new CloudFrontCdn({ ...SIGNED, cloudFront: api.connect(distributionId), backoffMs: 1 })
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

describe('An invalidation', () => {
  test('forgets all renditions of the photo, by one path', async () => {
    await using there = await startCdn()

    await there.cdn.invalidate([PHOTO])

    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([
      ['/renditions/1403/764879989359635463/*'],
    ])
  })

  test('of several photos asked for at once is one batch, each path once', async () => {
    await using there = await startCdn()
    const ids = photos(5)

    await Promise.all([...ids, ...ids.toReversed()].map((id) => there.cdn.invalidate([id])))

    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([ids.map(pathOf)])
  })

  test('of many photos is never of more paths than CloudFront allows in progress', async () => {
    await using there = await startCdn()
    const ids = photos(40)

    await there.cdn.invalidate(ids)

    expect(there.api.invalidations.map(({ paths }) => paths.length)).toEqual([15, 15, 10])
    expect(there.api.invalidations.flatMap(({ paths }) => paths)).toEqual(ids.map(pathOf))
  })

  test('asked for while another is on its way goes with the next one', async () => {
    const [first, ...others] = photos(4) as [PhotoId, ...PhotoId[]]
    const asked: Promise<void>[] = []
    await using there = await startCdn({
      answer: (_, request) => {
        if (request === 1) asked.push(...[first, ...others].map((id) => there.cdn.invalidate([id])))
        return null
      },
    })

    await there.cdn.invalidate([first])
    await Promise.all(asked)

    expect(there.api.batches).toEqual([[pathOf(first)], [first, ...others].map(pathOf)])
  })

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
  ])('that is used up (%s) is waited for', async (code, status) => {
    await using there = await startCdn({
      answer: (_, request) => (request <= 3 ? { status, code, message: 'Rate exceeded' } : null),
    })

    await there.cdn.invalidate([PHOTO])

    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([[pathOf(PHOTO)]])
  })

  test('of fewer paths than a batch has makes the batches smaller, and loses none', async () => {
    await using there = await startCdn({
      answer: (paths) => (paths.length > 1 ? { status: 400, code: 'TooManyInvalidationsInProgress' } : null),
    })
    const ids = photos(15)

    await there.cdn.invalidate(ids)

    expect(there.api.invalidations.flatMap(({ paths }) => paths)).toEqual(ids.map(pathOf))
  })

  test('that several processes share is kept, and all of them get through', async () => {
    let inProgress = 0
    await using there = await startCdn({
      answer: (paths) => {
        inProgress = Math.max(inProgress - 4, 0)
        if (inProgress + paths.length > 15) return { status: 400, code: 'TooManyInvalidationsInProgress' }
        inProgress += paths.length
        return null
      },
    })
    using elsewhere = connectCdn(there.api)
    const ids = photos(60)

    await Promise.all([there.cdn.invalidate(ids.slice(0, 30)), elsewhere.invalidate(ids.slice(30))])

    expect(there.api.invalidations.flatMap(({ paths }) => paths).toSorted()).toEqual(ids.map(pathOf))
  })

  test('that stays used up fails the call, so that its job is tried again later', async () => {
    let isBusy = true
    await using there = await startCdn({
      answer: () => (isBusy ? { status: 400, code: 'TooManyInvalidationsInProgress' } : null),
    })

    const invalidating = there.cdn.invalidate(photos(30))

    await expect(invalidating).rejects.toThrow(CdnBusyError)
    await expect(invalidating).rejects.toMatchObject({
      retryable: true,
      cause: { name: 'TooManyInvalidationsInProgress' },
    })
    expect(there.api.invalidations).toEqual([])
    isBusy = false
    await there.cdn.invalidate([PHOTO])
    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([[pathOf(PHOTO)]])
  })
})

describe('An API', () => {
  test('that is broken is told as an engine that is away', async () => {
    await using there = await startCdn({ answer: () => ({ status: 503, code: 'ServiceUnavailable' }) })

    await expect(there.cdn.invalidate([PHOTO])).rejects.toThrow(EngineUnavailableError)
  })

  test('that is not there is told as an engine that is away', async () => {
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
  const key = renditionKey(PHOTO, { preset: 'feed', format: 'webp', digest: '0a1b2c3d' })

  const delivery = there.cdn.deliver(PHOTO)

  expect(delivery.urlOf(key)).toBe(new SignedCdn(SIGNED).deliver(PHOTO).urlOf(key))
})

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { openPage, servePage, testWithChromium } from './support/browser.ts'
import { noisyJpeg } from './support/pictures.ts'
import { startProxy } from './support/proxy.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

/** What a connection carries before it is cut. */
const CUT_BYTES = 300_000
/** After all ids. */
const NEWEST = '9'.repeat(18) as PhotoId

let service: TestService
let proxy: Awaited<ReturnType<typeof startProxy>>
let browser: Browser
let page: Page
let photo: Buffer
let origin: string
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  await using bundle = await rolldown({
    input: join(import.meta.dirname, 'support/tus-page.js'),
    platform: 'browser',
  })
  const { output } = await bundle.generate({ format: 'iife', name: 'clients' })
  ;({ origin } = opened.use(await servePage(output[0].code)))
  service = opened.use(await startService({ CORS_ORIGINS: origin }))
  proxy = opened.use(await startProxy(service.url))
  photo = await noisyJpeg({ width: 3600, height: 2400 })
  ;({ browser, page } = await openPage())
  opened.defer(async () => await browser.close())
  await page.goto(origin)
})
afterAll(async () => await opened.disposeAsync())

/** Calls a function of the page with what it needs to upload. */
async function call(name: string, more: Record<string, unknown> = {}): Promise<unknown> {
  const given = {
    endpoint: new URL('/v1/uploads', proxy.url).href,
    token: await service.token('alice'),
    ...more,
  }
  return await page.evaluate(`clients.${name}(${JSON.stringify(given)})`)
}

async function photoAt(path: unknown): Promise<PhotoReply> {
  const reply = await fetch(service.url + path, { headers: await authorization(service) })
  return (await reply.json()) as PhotoReply
}

const given = () => ({ photo: photo.toString('base64') })
const sha256 = () => createHash('sha256').update(photo).digest('hex')

testWithChromium('tus-js-client uploads a photo over a network that cuts every connection', async () => {
  const cuts = proxy.cutEach(CUT_BYTES)
  const metadata = { filename: 'boat.jpg', filetype: 'image/jpeg', filter: 'mono', alt: 'Łódź 🛶' }

  const path = await call('uploadByTus', { ...given(), options: { metadata } })

  expect(await photoAt(path)).toMatchObject({
    ...{ filter: 'mono', alt: 'Łódź 🛶' },
    original: { bytes: photo.length, sha256: sha256() },
  })
  expect(cuts()).toBeGreaterThan(2)
})

testWithChromium('tus-js-client uploads by all ways that it knows', async () => {
  proxy.cutEach(Number.POSITIVE_INFINITY)
  const ways = [
    { chunkSize: 200_000 },
    { uploadDataDuringCreation: true },
    { uploadDataDuringCreation: true, chunkSize: 500_000 },
    { uploadLengthDeferred: true, chunkSize: 500_000 },
    { overridePatchMethod: true },
  ]

  for (const way of ways) {
    const options = { ...way, storeFingerprintForResuming: false }
    const { original } = await photoAt(await call('uploadByTus', { ...given(), options }))
    expect([way, original.sha256]).toEqual([way, sha256()])
  }
})

testWithChromium(
  'Uppy goes on with an upload after its page was reloaded, over a network that cuts every connection',
  async () => {
    proxy.cutEach(CUT_BYTES)
    await call('openUppy')
    await call('addToUppy', { ...given(), meta: { visibility: 'private', alt: 'a boat' } })
    const stalled = proxy.stall(900_000)
    await page.evaluate('void clients.uploadByUppy().catch(() => {})')
    await stalled
    await page.goto(origin)
    proxy.flow()
    const [open] = await service.catalog.uploads.before(NEWEST, 10)

    const path = await call('restoreUppy')

    expect(open?.received).toBeGreaterThan(0)
    expect(path).toBe(`/v1/photos/${open?.id}`)
    expect(await photoAt(path)).toMatchObject({
      ...{ visibility: 'private', alt: 'a boat' },
      original: { bytes: photo.length, sha256: sha256() },
    })
  },
)

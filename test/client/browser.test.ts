import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { expect } from 'vitest'
import { openPage, servePage, testWithChromium } from '../support/browser.ts'
import { noisyJpeg } from '../support/pictures.ts'
import { startService } from '../support/service.ts'

/** An app of one page, with the client as `darkroom`. */
async function startApp() {
  await using bundle = await rolldown({
    input: join(import.meta.dirname, '../../clients/typescript/src/darkroom-client.ts'),
  })
  const { output } = await bundle.generate({ format: 'iife', name: 'darkroom', minify: true })
  return await servePage(output[0].code)
}

testWithChromium(
  'photos that were given to a page are uploaded once each, though the network is cut and the page reloaded twice',
  async () => {
    await using app = await startApp()
    await using service = await startService({ CORS_ORIGINS: app.origin })
    const { browser, page } = await openPage()
    await using _browser = { [Symbol.asyncDispose]: async () => await browser.close() }
    const token = await service.token('alice')
    const photos = await Promise.all(
      Array.from({ length: 30 }, async (_, i) =>
        (await noisyJpeg({ width: 320, height: 240 }, i + 1)).toString('base64'),
      ),
    )
    const open = async () => {
      await page.goto(app.origin)
      await page.evaluate(`(async () => {
        const { arrayBuffer } = Blob.prototype
        globalThis.read = []
        Blob.prototype.arrayBuffer = function () {
          read.push(this.size)
          return arrayBuffer.call(this)
        }
        const { DarkroomClient, indexedDbStore } = darkroom
        const client = new DarkroomClient({ url: '${service.url}', token: () => '${token}' })
        globalThis.queue = await client.uploadQueue({ store: indexedDbStore() })
      })()`)
    }
    const countKept = async () => {
      const reply = await fetch(`${service.url}/v1/owners/alice/photos?limit=100`, {
        headers: { authorization: `Bearer ${token}` },
      })
      return ((await reply.json()) as { photos: unknown[] }).photos.length
    }

    // What developer tools are told of each is megabytes of text.
    const told: (Buffer | null)[] = []
    page.on('request', (request) => {
      if (request.method() === 'PUT') told.push(request.postDataBuffer())
    })
    await open()
    await page.evaluate(`(async (photos) => {
      for (const [i, photo] of photos.entries()) {
        const bytes = Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0))
        // The first is a large one, which is sent in parts.
        await queue.add(new File([bytes, new Uint8Array(i ? 0 : 9e6)], i + '.jpg'))
      }
    })(${JSON.stringify(photos)})`)
    for (const _ of ['once', 'twice']) {
      const before = await countKept()
      await expect.poll(countKept).toBeGreaterThan(before)
      await page.context().setOffline(true)
      await page.context().setOffline(false)
      await open()
    }
    await expect.poll(async () => await page.evaluate('queue.uploads.length')).toBe(0)
    const sizes = new Set(photos.map((photo) => Buffer.from(photo, 'base64').length))
    const read = (await page.evaluate('read')) as number[]

    expect(await countKept()).toBe(30)
    // What lies in IndexedDB goes out from there.
    expect(read.filter((size) => sizes.has(size))).toEqual([])
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((bytes) => bytes !== null)).toEqual([])
  },
)

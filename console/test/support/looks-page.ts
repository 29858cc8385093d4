import { createHash } from 'node:crypto'
import type { Filter } from 'darkroom-client'
import type { Page, Route } from 'playwright-core'
import sharp from 'sharp'
import type { CompiledLook } from '../../../src/photo/look/compiled-look.ts'
import { toCube } from '../../../src/photo/look/cube.ts'
import type { TestService } from '../../../test/support/service.ts'
import { applyLook } from '../../../workers/renditions/look/apply-look.ts'

export type ToldPhoto = { id: string; renditions: { width: number; url: string }[] }

/** The photo, when it is ready. */
export async function upload(service: TestService, photo: Buffer, owner = 'me'): Promise<ToldPhoto> {
  const reply = await fetch(`${service.url}/v1/photos`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await service.token(owner)}`,
      'content-type': 'image/jpeg',
      prefer: 'wait=60',
    },
    body: new Uint8Array(photo),
  })
  return (await reply.json()) as ToldPhoto
}

/** Pixels of no picture: 1024 × 1024 of every colour alike, the same each time. */
export function randomPixels(): Buffer {
  const data = Buffer.alloc(1024 * 1024 * 3)
  let state = 1
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    data[i] = state >>> 24
  }
  return data
}

/** What the page gets for the photo's large picture from now on: those very pixels. */
export async function showInstead(page: Page, { renditions }: ToldPhoto, pixels: Buffer): Promise<void> {
  const body = await sharp(pixels, { raw: { width: 1024, height: 1024, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer()
  const places = renditions.filter(({ width }) => width === 1024).map(({ url }) => new URL(url).pathname)
  await page.route(
    ({ pathname }) => places.includes(pathname),
    async (route) => await route.fulfill({ body, contentType: 'image/png' }),
  )
}

export type OfferedLook = CompiledLook & { title: string }

/** The page is told of these looks besides those that there are. */
export async function offerLooks(page: Page, looks: readonly OfferedLook[]): Promise<void> {
  await page.route(
    ({ pathname }) => pathname.endsWith('/v1/filters'),
    async (route) => {
      const reply = await route.fetch()
      const { filters } = (await reply.json()) as { filters: Filter[] }
      const offered = looks.map(({ title, effects }, i) => {
        const cube = `/v1/filters/offered-${i}.cube`
        return {
          name: `offered-${i}`,
          title,
          description: title,
          isKept: false,
          cube,
          hald: cube,
          ...effects,
        }
      })
      await route.fulfill({ response: reply, json: { filters: [...offered, ...filters] } })
    },
  )
  await page.route(
    ({ pathname }) => pathname.includes('/v1/filters/offered-'),
    async (route) => {
      const [, i = ''] = /offered-(\d+)/.exec(route.request().url()) ?? []
      const { table, title } = looks[Number(i)] as OfferedLook
      await route.fulfill({ body: toCube(table, title), contentType: 'text/plain' })
    },
  )
}

/** Runs before the page's worker does. */
export async function beforeWorker(page: Page, script: string): Promise<void> {
  await page.route('**/looks.worker-*.js', async (route: Route) => {
    const reply = await route.fetch()
    await route.fulfill({ response: reply, body: `${script};${await reply.text()}` })
  })
}

/** As in a browser without it. */
export const WITHOUT_WEBGL = `
  const getContext = OffscreenCanvas.prototype.getContext
  OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
    return kind === 'webgl2' ? null : getContext.call(this, kind, ...rest)
  }`

/** It loses its contexts when the page says so on the channel `lose`. */
export const LOSING_WEBGL = `
  const getContext = OffscreenCanvas.prototype.getContext
  OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest)
    if (kind === 'webgl2')
      new BroadcastChannel('lose').onmessage = () => context.getExtension('WEBGL_lose_context').loseContext()
    return context
  }`

/** SHA-256 of what the server makes of those pixels. */
export function digestInLook(pixels: Buffer, look: CompiledLook): string {
  const data = Buffer.from(pixels)
  applyLook({ data, width: 1024, height: 1024, channels: 3 }, look)
  const rgba = Buffer.alloc((data.length / 3) * 4, 255)
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) data.copy(rgba, to, from, from + 3)
  return createHash('sha256').update(rgba).digest('hex')
}

/** SHA-256 of what a canvas of the page shows; null before it shows anything. */
export async function digestShown(page: Page, canvas = '.preview-after canvas'): Promise<string | null> {
  return await page.evaluate(async (selector) => {
    const shown = document.querySelector<HTMLCanvasElement>(selector)
    if (!shown?.classList.contains('is-painted')) return null
    const context = new OffscreenCanvas(shown.width, shown.height).getContext('2d')
    context?.drawImage(shown, 0, 0)
    const pixels = context?.getImageData(0, 0, shown.width, shown.height).data
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', pixels as BufferSource))
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }, canvas)
}

/** RGBA of what a canvas of the page shows. */
export async function pixelsShown(
  page: Page,
  canvas: string,
): Promise<{ data: Buffer; width: number; height: number }> {
  const { text, ...size } = await page.evaluate((selector) => {
    const shown = document.querySelector(selector) as HTMLCanvasElement
    const { width, height } = shown
    const context = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D
    context.drawImage(shown, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    return { text: new Uint8Array(data.buffer).toBase64(), width, height }
  }, canvas)
  return { data: Buffer.from(text, 'base64'), ...size }
}

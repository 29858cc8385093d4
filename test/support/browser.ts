import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { needs } from './needs.ts'
import { findProgram } from './programs.ts'

export const CHROMIUM = findProgram('chromium', 'chromium-browser', 'google-chrome')

export const testWithChromium = needs('Chromium', CHROMIUM !== null, 'apt-get install chromium')

export type PreviewOptions = {
  /** Bytes of a PNG. */
  picture: Buffer
  /** URL of a `.cube` file or a HALD. */
  table: string
  sampling: 'trilinear' | 'tetrahedral'
  strength: number
  vignette: number
  grain: number
}

export type PreviewPage = AsyncDisposable & {
  /** The picture as an app would show it, RGBA row by row. */
  preview(options: PreviewOptions): Promise<Buffer>
}

/** A headless Chromium with the shaders of preview-page.js. It draws in software, so it needs no graphics card. */
export async function openPreviewPage(): Promise<PreviewPage> {
  const { browser, page } = await openPage()
  await page.addScriptTag({ path: join(import.meta.dirname, 'preview-page.js') })
  return {
    preview: async (options) => await preview(page, options),
    [Symbol.asyncDispose]: async () => await browser.close(),
  }
}

/** An app of one page with that script, of another origin than the API. */
export async function servePage(script = ''): Promise<AsyncDisposable & { origin: string }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<!doctype html><title>app</title><script>${script}</script>`)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** A page of a headless Chromium; it ends with its browser. */
export async function openPage(): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM as string,
    args: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  })
  return { browser, page: await browser.newPage() }
}

async function preview(page: Page, { picture, ...options }: PreviewOptions): Promise<Buffer> {
  const pixels = await page.evaluate(async (it) => await (globalThis as unknown as PageGlobals).preview(it), {
    ...options,
    picture: picture.toString('base64'),
  })
  return Buffer.from(pixels, 'base64')
}

type PageGlobals = {
  preview(options: Omit<PreviewOptions, 'picture'> & { picture: string }): Promise<string>
}

import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { fixture, noisyJpeg } from '../../test/support/pictures.ts'
import { startProxy } from '../../test/support/proxy.ts'
import { BROWSERS, inChromium } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()
const FIXTURES = join(import.meta.dirname, '../../fixtures/photos')

type File = { name: string; bytes: Buffer }

let seeds = 0
async function smallPhotos(count: number): Promise<File[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      name: `IMG_${i + 1}.jpg`,
      bytes: await noisyJpeg({ width: 320, height: 240 }, ++seeds),
    })),
  )
}

/** As if they were dragged from the desktop onto the page. */
async function drop(page: Page, files: readonly File[]): Promise<void> {
  await page.evaluate(
    (files) => {
      const data = new DataTransfer()
      for (const { name, base64 } of files) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
        data.items.add(new File([bytes], name, { type: 'image/jpeg', lastModified: 1 }))
      }
      document.body.dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
      )
    },
    files.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') })),
  )
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Of the photos that an owner has, the SHA-256 of each. */
async function keptOf(owner: string): Promise<string[]> {
  const { service } = running()
  const reply = await fetch(`${service.url}/v1/owners/${owner}/photos?limit=100`, {
    headers: { authorization: `Bearer ${await service.token(owner)}` },
  })
  const { photos } = (await reply.json()) as { photos: { original: { sha256: string } }[] }
  return photos.map(({ original }) => original.sha256).toSorted()
}

const tiles = (page: Page, state: string) => page.locator(`.tray > li[data-state=${state}]`)

type Seen = { longest: number; moved: string[] }

/** From now on: the longest task, and what has moved by itself. Chromium alone tells. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    type Shift = PerformanceEntry & { sources: { node: Node | null }[] }
    const seen: Seen = { longest: 0, moved: [] }
    Object.assign(globalThis, { seen })
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration)
    }).observe({ type: 'longtask' })
    new PerformanceObserver((list) => {
      for (const { sources } of list.getEntries() as Shift[])
        for (const { node } of sources) seen.moved.push(`${node?.parentElement?.outerHTML.slice(0, 200)}`)
    }).observe({ type: 'layout-shift' })
  })
}

async function seenOf(page: Page): Promise<Seen> {
  return await page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen)
}

describe.each(BROWSERS)('in $name', ({ name, test }) => {
  test('60 photos that are dropped are 60 photos, though the network is cut and the page reloaded twice', async () => {
    await using proxy = await startProxy(running().service.url)
    const owner = `sixty-${name}`
    const page = await running().open(name, { owner, url: `${proxy.url}console` })
    const photos = await smallPhotos(60)
    const stallAfter = async (count: number) => await proxy.stall(count * (photos[0] as File).bytes.length)
    const cutAndReload = async (goOn: () => void) => {
      expect((await keptOf(owner)).length).toBeLessThan(60)
      await proxy.cut()
      await page.getByText('No connection to Darkroom').waitFor()
      goOn()
      await proxy.mend()
      await page.reload()
      await page.locator('.tray > li').first().waitFor()
    }

    let stalled = stallAfter(10)
    await drop(page, photos)
    // From here on the browser has them all: who leaves before is asked whether they mean to.
    await page.locator('.notice', { hasText: '60 photos added' }).waitFor()
    await stalled
    await cutAndReload(() => {
      stalled = stallAfter(20)
    })
    await stalled
    await cutAndReload(() => proxy.flow())
    await expect.poll(async () => (await keptOf(owner)).length).toBe(60)
    await expect
      .poll(async () => await page.locator('.tray > li:not([data-state=developed])').count())
      .toBe(0)

    expect(await keptOf(owner)).toEqual(photos.map(({ bytes }) => sha256(bytes)).toSorted())
  })

  test('a HEIC becomes a picture, what is no photo says so, and chosen twice is sent once', async () => {
    const owner = `kinds-${name}`
    const page = await running().open(name, { owner })
    const input = page.locator('input.of-photos')
    const files = ['photo.heic', 'truncated.jpg', 'drawing.svg'].map((name) => join(FIXTURES, name))

    await input.setInputFiles(files)
    await tiles(page, 'failed').first().waitFor()
    if (name === 'chromium') await watch(page)
    await input.setInputFiles(files.slice(0, 1))
    await page.locator('.notice', { hasText: '1 was there already' }).waitFor()
    const picture = page.locator('.tray img.is-decoded')
    await picture.waitFor()
    await expect.poll(async () => await tiles(page, 'failed').count()).toBe(2)

    await expect
      .poll(async () => await tiles(page, 'developed').locator('dt').allTextContents())
      .toEqual(['sent', 'waited', 'developed'])
    await expect
      .poll(async () => await tiles(page, 'failed').locator('strong').allTextContents())
      .toEqual(['No photo', 'Damaged or incomplete'])
    if (name === 'chromium') expect((await seenOf(page)).moved).toEqual([])
    const href = await tiles(page, 'developed').locator('a').getAttribute('href')
    expect(href).toMatch(/^#\/photos\/\d+$/)
    await page.getByRole('button', { name: 'Remove drawing.svg' }).click()
    await expect.poll(async () => await tiles(page, 'failed').count()).toBe(1)
  })

  test('paused, it stays so after a reload, and a file that was rewritten meanwhile is sent as it was, or told of', async () => {
    const owner = `paused-${name}`
    const folder = await mkdtemp(join(tmpdir(), 'darkroom-develop-'))
    await using _folder = {
      [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
    }
    const [first, second, third] = (await smallPhotos(3)) as [File, File, File]
    for (const { name, bytes } of [first, second]) await writeFile(join(folder, name), bytes)
    await using proxy = await startProxy(running().service.url)
    const page = await running().open(name, { owner, url: `${proxy.url}console` })
    await page.locator('.invite').waitFor()
    const input = page.locator('input.of-photos')

    // Nothing arrives before it is paused.
    const stalled = proxy.stall()
    await input.setInputFiles([first, second].map(({ name }) => join(folder, name)))
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Nothing is sent until you go on').waitFor()
    await stalled
    proxy.flow()
    await page.locator('.notice', { hasText: '2 photos added' }).waitFor()
    await writeFile(join(folder, second.name), third.bytes)
    await page.reload()
    await page.getByText('Nothing is sent until you go on').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    // Chromium's private windows, as this is one, keep no copies: the file is found out, and sent as it is when it is chosen again.
    if (name === 'chromium') {
      await page.getByText('Changed or moved').waitFor()
      await input.setInputFiles(join(folder, second.name))
    }
    const sent = name === 'chromium' ? third : second
    await expect
      .poll(async () => await keptOf(owner))
      .toEqual([first, sent].map(({ bytes }) => sha256(bytes)).toSorted())

    await expect.poll(async () => await page.getByText('Changed or moved').count()).toBe(0)
  })
})

inChromium('all of it can be done by keyboard', async () => {
  const page = await running().open('chromium', { owner: 'keys', width: 360, height: 740 })
  await page.locator('.invite').waitFor()
  const press = async (key: string, until: string) => {
    for (let times = 0; times < 40; times++) {
      await page.keyboard.press(key)
      const focused = await page.evaluate(() => {
        const element = document.activeElement
        return element?.matches('a, button') ? (element.ariaLabel ?? element.textContent) : ''
      })
      if (focused?.includes(until)) return
    }
    throw new Error(`${key} never came to ${until}`)
  }

  // Choosers are looked out for as soon as the page has answered anything after that.
  const chooser = page.waitForEvent('filechooser')
  await press('Tab', 'Choose photos')
  await page.keyboard.press('Enter')
  await (await chooser).setFiles([join(FIXTURES, 'plain.jpg'), join(FIXTURES, 'text.jpg')])
  await tiles(page, 'developed').locator('img.is-decoded').waitFor()
  await tiles(page, 'failed').waitFor()
  await press('Tab', 'Remove text.jpg')
  await page.keyboard.press('Enter')
  await expect.poll(async () => await tiles(page, 'failed').count()).toBe(0)
  await press('Tab', 'plain.jpg, developed: open it')
  await page.keyboard.press('Enter')

  await expect.poll(() => page.url()).toMatch(/#\/photos\/\d+$/)
})

inChromium('a thousand photos are a few tiles, and nothing keeps the page for long, or moves', async () => {
  const page = await running().open('chromium', { owner: 'thousand' })
  await page.locator('.invite').waitFor()
  const plain = (await fixture('plain.jpg')).toString('base64')
  // Each another photo: what follows its end changes nothing of it.
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const data = new DataTransfer()
    for (let i = 0; i < 1000; i++)
      data.items.add(new File([bytes, String(i)], `${i}.jpg`, { type: 'image/jpeg' }))
    document.body.dispatchEvent(
      new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
    )
  }, plain)
  await page.getByText('All 1,000').waitFor()
  await watch(page)
  const most = await page.evaluate(async () => {
    let most = 0
    for (let y = 0; y < document.body.scrollHeight; y += 700) {
      scrollTo(0, y)
      await new Promise(requestAnimationFrame)
      most = Math.max(most, document.querySelectorAll('*').length)
    }
    return most
  })
  const { longest, moved } = await seenOf(page)
  await page.getByRole('button', { name: 'Cancel all' }).click()
  await page.getByRole('button', { name: 'Do not send them' }).click()
  await expect.poll(async () => await tiles(page, 'waiting').count()).toBe(0)

  expect(most).toBeLessThan(1_500)
  expect(moved).toEqual([])
  expect(longest).toBeLessThan(1_000)
})

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, Route } from 'playwright-core'
import sharp from 'sharp'
import { DarkroomClient } from '../../../clients/typescript/src/darkroom-client.ts'
import type { TestService } from '../../../test/support/service.ts'
import type { Visit } from './running-console.ts'

const PHOTOS = join(import.meta.dirname, '../../../fixtures/photos')

/** A state of a view, as somebody meets it. */
export type Scene = {
  name: string
  visit: Visit
  /** What is there when all of it is. */
  shows: string
  /** What its reader does, once they are there. */
  act?(page: Page): Promise<unknown>
  /** What goes wrong there as it shall. */
  allows?: RegExp
}

/** Parts of one photo, that differ as those of a day do: what is cut out of it, and how much redder or brighter it is. */
const PARTS = [
  { left: 0, top: 0, width: 1, height: 1, hue: 0, brightness: 1 },
  { left: 0.1, top: 0.05, width: 0.45, height: 0.8, hue: 0, brightness: 0.9 },
  { left: 0.4, top: 0.2, width: 0.55, height: 0.5, hue: 0, brightness: 1.1 },
  { left: 0.2, top: 0.3, width: 0.6, height: 0.6, hue: 0, brightness: 1 },
  { left: 0.5, top: 0, width: 0.4, height: 0.9, hue: 0, brightness: 0.75 },
  { left: 0, top: 0.35, width: 0.9, height: 0.4, hue: 0, brightness: 1 },
  { left: 0.25, top: 0.1, width: 0.5, height: 0.5, hue: 0, brightness: 1.05 },
]

async function partsOfAPhoto(): Promise<Buffer[]> {
  const photo = join(PHOTOS, 'sample.jpg')
  const { width: across, height: down } = await sharp(photo).metadata()
  return await Promise.all(
    PARTS.map(async ({ left, top, width, height, hue, brightness }) => {
      const part = {
        left: Math.round(left * across),
        top: Math.round(top * down),
        width: Math.round(width * across),
        height: Math.round(height * down),
      }
      return await sharp(photo).extract(part).modulate({ hue, brightness }).jpeg({ quality: 90 }).toBuffer()
    }),
  )
}

async function clientOf(
  service: TestService,
  owner: string,
  as = { isOperator: false },
): Promise<DarkroomClient> {
  const token = await service.token(owner, as)
  return new DarkroomClient({ url: service.url, token: () => token })
}

/** Of a run that made two photos anew and waits until somebody has looked at them. */
async function beginCanary(service: TestService, owner: string): Promise<number> {
  const { runs } = (await clientOf(service, 'olga', { isOperator: true })).operator
  const { id } = await runs.begin(
    { kind: 'reprocess', select: { state: 'all', owners: [owner] }, canary: 2 },
    { key: 'scenes' },
  )
  while ((await runs.find(id)).state !== 'paused') await sleep(200)
  return id
}

/** One look is large, before and after; tiles are drawn one after the other. */
async function chooseLook(page: Page): Promise<void> {
  await page.locator('.look-tile', { hasText: 'Cross' }).locator('label').click()
  await page.locator('.preview-after canvas.is-painted').waitFor()
  await page.waitForFunction(
    () =>
      document.querySelectorAll('.look-tile canvas').length > 30 &&
      document.querySelectorAll('.look-tile canvas:not(.is-painted)').length === 0,
  )
}

/** Goes to a view whose pages the API answers like that. */
function goWhile(at: string, answer: (route: Route) => Promise<void>, shows: string) {
  return async (page: Page) => {
    await page.route('**/v1/feed?*', answer)
    await page.evaluate((hash) => location.replace(hash), at)
    await page.locator(shows).first().waitFor()
  }
}

/** Owners with photos, `me` with a following; and every view in every state that does not come by itself. */
export async function prepareScenes(service: TestService): Promise<Scene[]> {
  const parts = await partsOfAPhoto()
  const upload = async (owner: string, bytes: Buffer, filter?: string) => {
    const client = await clientOf(service, owner)
    const { id } = await client.upload(new Blob([new Uint8Array(bytes)]), filter ? { filter } : {})
    await client.waitUntilReady(id)
    return id
  }
  const [first] = [await upload('me', parts[0] as Buffer)]
  await Promise.all(parts.slice(1).map(async (part) => await upload('me', part)))
  for (const owner of ['alice', 'bob'])
    for (const part of parts.slice(owner === 'bob' ? 3 : 0)) await upload(owner, part)
  const me = await clientOf(service, 'me')
  await Promise.all(['alice', 'bob'].map(async (owner) => await me.follow(owner)))
  const canary = await beginCanary(service, 'alice')
  const picture = 'main img'

  return [
    { name: 'sign-in', visit: { owner: null }, shows: 'form' },
    {
      name: 'sign-in-refused',
      visit: { owner: null },
      shows: 'form',
      act: async (page) => {
        await page.evaluate(() => {
          location.hash = '#code=AAAAAAAAAAAAAAAAAAAAAA'
        })
        await page.getByRole('alert').waitFor()
      },
    },
    { name: 'develop-empty', visit: { owner: 'new' }, shows: 'main h1, main button' },
    { name: 'develop', visit: {}, shows: picture },
    {
      name: 'develop-failed',
      visit: { owner: 'careless' },
      shows: 'main button',
      act: async (page) => {
        const files = ['truncated.jpg', 'plain.jpg', 'text.jpg'].map((name) => join(PHOTOS, name))
        await page.locator('input[type=file]').first().setInputFiles(files)
        await page.locator('.tray > li[data-state=failed]').first().waitFor()
        await page.locator('.tray > li[data-state=developed]').first().waitFor()
      },
    },
    { name: 'feed-empty', visit: { owner: 'new', at: '#/feed' }, shows: 'main h1' },
    { name: 'feed', visit: { at: '#/feed' }, shows: picture },
    {
      name: 'feed-offline',
      visit: { at: '#/feed' },
      shows: picture,
      act: async (page) => {
        await page.context().setOffline(true)
        await page.locator('.notice-line').first().waitFor()
      },
    },
    {
      name: 'feed-loading',
      visit: {},
      shows: 'main h1',
      act: goWhile('#/feed', async () => {}, 'main .state, main h1'),
    },
    {
      name: 'feed-failed',
      visit: {},
      shows: 'main h1',
      act: goWhile(
        '#/feed',
        async (route) =>
          await route.fulfill({
            status: 400,
            contentType: 'application/problem+json',
            body: JSON.stringify({ status: 400, code: 'invalid_field', detail: 'Nobody knows why.' }),
          }),
        '[role=alert]',
      ),
      allows: /400/,
    },
    { name: 'owner', visit: { at: '#/owners/alice' }, shows: picture },
    { name: 'photo', visit: { at: `#/photos/${first}` }, shows: picture },
    { name: 'photo-gone', visit: { at: '#/photos/764879989359635463' }, shows: 'main p, main h1, main h2' },
    { name: 'looks', visit: { at: `#/photos/${first}/looks` }, shows: 'main canvas', act: chooseLook },
    { name: 'operators-only', visit: { at: '#/runs' }, shows: 'main p, main h1, main h2' },
    { name: 'nothing-here', visit: { at: '#/nowhere' }, shows: 'main p, main h1, main h2' },
    { name: 'runs', visit: { isOperator: true, at: '#/runs' }, shows: '.runs-list' },
    {
      name: 'run-canary',
      visit: { isOperator: true, at: `#/runs/${canary}` },
      shows: '.pair-pictures img',
      act: async (page) => {
        await page.locator('.run-part', { has: page.locator('.pair-pictures') }).evaluate((part) => {
          const bar = document.querySelector<HTMLElement>('header.bar')?.offsetHeight ?? 0
          scrollBy(0, part.getBoundingClientRect().top - bar)
        })
      },
    },
    { name: 'run-begin', visit: { isOperator: true, at: '#/runs/new' }, shows: 'main form, main fieldset' },
    { name: 'operator', visit: { isOperator: true, at: '#/operator' }, shows: 'main h1, main h2' },
    { name: 'german', visit: { language: 'de' }, shows: picture },
  ]
}

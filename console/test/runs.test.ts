import type { Page } from 'playwright-core'
import { beforeAll, describe, expect } from 'vitest'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { replaceOriginal } from '../../test/support/originals.ts'
import { fixture } from '../../test/support/pictures.ts'
import { photoForm, postForm } from '../../test/support/uploads.ts'
import { BROWSERS } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()
let torn: PhotoId

beforeAll(async () => {
  const { service } = running()
  for (const file of ['plain.jpg', 'alpha.png', 'plain.jpg', 'plain.jpg']) {
    const reply = await postForm(service, photoForm(await fixture(file)), { prefer: 'wait=30' })
    torn = ((await reply.json()) as { id: PhotoId }).id
  }
})

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const state = (page: Page, name: string) => page.locator('.run-head .runs-state', { hasText: name })

async function beginPage(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Make photos anew' }).click()
  await page.getByLabel('All of them').check()
}

describe.each(BROWSERS)('runs in $name', ({ name, test }) => {
  test('are asked for by one question at a time, however often the page is looked at again, and by none while it is hidden', async () => {
    const page = await running().open(name, { owner: 'olga', isOperator: true, at: '#/runs' })
    await page.getByRole('link', { name: 'Make photos anew' }).waitFor()
    const see = async (isSeen: boolean) =>
      await page.evaluate((isHidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden })
        document.dispatchEvent(new Event('visibilitychange'))
      }, !isSeen)
    let [asked, open, most] = [0, 0, 0]
    let held = Promise.withResolvers<void>()
    await page.route(/\/v1\/runs$/, async (route) => {
      asked += 1
      open += 1
      most = Math.max(most, open)
      await held.promise
      open -= 1
      await route.continue()
    })
    await expect.poll(() => asked, { timeout: 15_000 }).toBe(1)

    for (const isSeen of [false, true, false, true]) await see(isSeen)
    // Whatever was asked beside it is on its way before this is.
    await page.evaluate(async () => void (await fetch('/healthz')))
    const beside = asked - 1
    await see(false)
    held.resolve()
    held = Promise.withResolvers<void>()
    await expect.poll(() => open).toBe(0)
    const unseen = asked
    await see(true)
    await expect.poll(() => asked, { timeout: 15_000 }).toBe(unseen + 1)
    held.resolve()

    expect([beside, most]).toEqual([0, 1])
  })

  test('who acts on what somebody else has changed sees that, and does nothing', async () => {
    const { service, open } = running()
    const run = await service.catalog.runs.start({
      kind: 'reprocess',
      selection: { pace: { rate: null, share: null } },
      slices: [],
    })
    await service.database.query(
      `insert into run_parts (run, part, slice, selected, due_at) values (${run}, 1, '{}', 5, now() + interval '50 minutes')`,
    )
    await using _ended = { [Symbol.asyncDispose]: async () => void (await service.catalog.runs.cancel(run)) }
    const page = await open(name, { owner: 'olga', isOperator: true, at: `#/runs/${run}` })
    await button(page, 'Pause').waitFor()
    // Between two looks of the page, none of which is underway.
    const lost = page.waitForEvent('requestfailed', (request) => request.url().endsWith(`/v1/runs/${run}`))
    await page.route(`**/v1/runs/${run}`, async (route) => await route.abort())
    await lost
    await service.catalog.runs.changePace(run, { rate: 5 }, { by: 'otto' })

    await button(page, 'Pause').click()

    await page.locator('.run-changed').waitFor()
    expect(await service.catalog.runs.find(run)).toMatchObject({ state: 'running', steeredBy: 'otto' })
  })
})

describe.each(BROWSERS.slice(0, 1))('a run in $name', ({ name, test }) => {
  test('that was paused is shown so, whatever was asked for before is answered', async () => {
    const { service, open } = running()
    const run = await service.catalog.runs.start({
      kind: 'reprocess',
      selection: { pace: { rate: null, share: null } },
      slices: [],
    })
    await service.database.query(
      `insert into run_parts (run, part, slice, selected, due_at) values (${run}, 1, '{}', 5, now() + interval '50 minutes')`,
    )
    await using _ended = { [Symbol.asyncDispose]: async () => void (await service.catalog.runs.cancel(run)) }
    const page = await open(name, { owner: 'olga', isOperator: true, at: `#/runs/${run}` })
    await button(page, 'Pause').waitFor()
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await page.route(`**/v1/runs/${run}`, async (route) => {
      const response = await route.fetch()
      asked.resolve()
      await released.promise
      await route.fulfill({ response })
    })
    await asked.promise
    await button(page, 'Pause').click()
    await button(page, 'Go on').waitFor()
    const states = await page.evaluateHandle(() => {
      const seen = new Set<string>()
      new MutationObserver(() => seen.add(document.querySelector('.runs-state')?.textContent ?? '')).observe(
        document.body,
        { subtree: true, childList: true, characterData: true },
      )
      return seen
    })
    const again = page.waitForRequest((request) => request.url().endsWith(`/v1/runs/${run}`))

    released.resolve()
    await again

    expect(await states.evaluate((seen) => seen.has('running'))).toBe(false)
  })
})

describe.each(BROWSERS.slice(0, 1))('runs in $name', ({ name, test }) => {
  test('a reprocess is tried, begun with a canary, looked at, goes on, and is rolled back', async () => {
    const page = await running().open(name, { owner: 'olga', isOperator: true, at: '#/runs' })

    await beginPage(page)
    await button(page, 'Count them').click()
    await page.getByText('Those are 4 photos.').waitFor()
    await page.getByLabel('Photos that a dry run makes').fill('2')
    await button(page, 'Dry run').click()
    await page.getByRole('heading', { name: 'What 4 photos would take' }).waitFor()
    expect(await page.getByRole('row', { name: 'Money, once' }).textContent()).toMatch(/\d/)

    await page.getByRole('link', { name: 'All runs' }).click()
    await beginPage(page)
    await page.getByLabel('Photos of the canary').fill('2')
    await button(page, 'Begin with a canary of 2').click()
    await page.getByRole('heading', { name: 'The canary: before and after' }).waitFor()
    const pictures = page.locator('.pair-pictures img')
    await expect
      .poll(() =>
        pictures.evaluateAll((all) => all.filter((img) => (img as HTMLImageElement).naturalWidth > 0).length),
      )
      .toBe(2)
    await page.getByLabel('Divider between before and after').fill('20')
    await button(page, 'Flicker').click()

    await button(page, 'Looks good: go on').click()
    await state(page, 'complete').waitFor()
    await button(page, 'Roll back').click()
    await page.getByRole('dialog').getByText('Up to 4 photos').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()
    await page.getByRole('heading', { name: 'Rolled back' }).waitFor()
    await state(page, 'complete').waitFor()
  })

  test('behind the code of a failure are the photos that failed', async () => {
    const { service, open } = running()
    await replaceOriginal(service.store, torn)
    const page = await open(name, { owner: 'olga', isOperator: true, at: '#/runs/new' })
    await page.getByLabel('All of them').check()
    await page.getByLabel('Photos of the canary').fill('')
    await page.getByLabel('Stop when so many percent fail').fill('')
    await button(page, 'Begin with all of them').click()
    await state(page, 'complete').waitFor()

    await page.getByRole('button', { name: /corrupt_photo/ }).click()

    await page.getByRole('link', { name: torn }).waitFor()
    await expect.poll(async () => await page.locator('.run-failed-picture img').count()).toBe(1)
    await page.goto(`${page.url().split('#')[0]}#/runs`)
    await page.locator('.runs-list').waitFor()
  })
})

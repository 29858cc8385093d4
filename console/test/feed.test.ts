import type { Page } from 'playwright-core'
import { beforeAll, describe, expect } from 'vitest'
import { DarkroomClient } from '../../clients/typescript/src/darkroom-client.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { MADE } from '../../test/support/feed-world.ts'
import { PLAIN } from '../../test/support/photos.ts'
import { SECRET } from '../../test/support/place.ts'
import { BROWSERS, inChromium } from './support/browsers.ts'
import { writePhotos } from './support/many-photos.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()
/** Newest first. */
let ids: string[] = []

beforeAll(async () => {
  ids = await writePhotos(running().service, 'alice', 700)
  await Promise.all(
    ['vera', 'walt', 'xena', 'yuri', 'zoe'].map(async (viewer) => (await clientOf(viewer)).follow('alice')),
  )
})

async function clientOf(owner: string): Promise<DarkroomClient> {
  const { service } = running()
  const token = await service.token(owner)
  return new DarkroomClient({ url: service.url, token: () => token })
}

type Posted = AsyncDisposable & { id: string }

/** A photo that is ready at once, of which events tell; it is deleted after the test. */
async function post(owner: string): Promise<Posted> {
  const { catalog } = running().service
  const id = await catalog.photos.nextId(owner as OwnerId)
  const photo = { ...PLAIN, id, owner: owner as OwnerId, secret: SECRET }
  await catalog.photos.insert(photo)
  await catalog.renditions.record(
    photo,
    { look: null, edition: 0 },
    {
      ...MADE,
      facts: { ...MADE.facts, thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI' },
    },
  )
  return { id, [Symbol.asyncDispose]: async () => await (await clientOf(owner)).delete(id) }
}

/** One of those that all tests share: from now on it is none of them. */
async function remove(id: string): Promise<void> {
  ids = ids.filter((other) => other !== id)
  await (await clientOf('alice')).delete(id)
}

const tile = (page: Page, id: string) => page.locator(`[data-photo="${id}"]`)
const shownIn = async (page: Page) =>
  await page
    .locator('[data-photo]')
    .evaluateAll((tiles) => tiles.map((each) => (each as HTMLElement).dataset.photo as string))

async function topOf(page: Page, id: string): Promise<number> {
  return await tile(page, id).evaluate((each) => Math.round(each.getBoundingClientRect().top))
}

/**
 * Scrolls by a screen, and goes on when there are tiles all over it, or as far down as photos are known: whoever is faster may never
 * have seen some. So often until that photo is there, if one is given.
 */
async function scrollOn(page: Page, until: string | null = null): Promise<void> {
  await page.evaluate(async (until) => {
    const gap = 5
    const isDrawn = () => {
      const list = document.querySelector('.feed-list')?.getBoundingClientRect()
      if (!list) return false
      const tiles = [...document.querySelectorAll('.feed-list [data-photo]')]
        .map((tile) => tile.getBoundingClientRect())
        .toSorted((a, b) => a.top - b.top)
      let y = Math.max(0, list.top)
      for (const { top, bottom } of tiles) if (top <= y + gap) y = Math.max(y, bottom)
      return y + gap >= Math.min(innerHeight, list.bottom)
    }
    do {
      scrollBy(0, innerHeight)
      do await new Promise(requestAnimationFrame)
      while (!isDrawn())
    } while (until !== null && !document.querySelector(`[data-photo="${until}"]`))
  }, until)
}

/** Further down, to that photo. */
async function scrollTo(page: Page, id: string): Promise<void> {
  await scrollOn(page, id)
  await tile(page, id).evaluate(async (each) => {
    scrollBy(0, each.getBoundingClientRect().top - 200)
    await new Promise(requestAnimationFrame)
    await new Promise(requestAnimationFrame)
  })
}

/** The first photo that begins on the screen. */
async function firstSeen(page: Page): Promise<string> {
  return await page.locator('[data-photo]').evaluateAll((tiles) => {
    const seen = tiles.map((each) => ({
      id: (each as HTMLElement).dataset.photo,
      top: each.getBoundingClientRect().top,
    }))
    return seen.filter(({ top }) => top > 60).toSorted((a, b) => a.top - b.top)[0]?.id as string
  })
}

describe.each(BROWSERS)('in $name, the feed', ({ name, test }) => {
  test('announces new photos, which come in by a touch and move nothing before', async () => {
    const page = await running().open(name, { owner: 'vera', at: '#/feed' })
    await tile(page, ids[0] as string).waitFor()
    await scrollTo(page, ids[60] as string)
    const seen = await firstSeen(page)
    const top = await topOf(page, seen)
    await using older = await post('alice')
    await using newer = await post('alice')

    await page.locator('.fresh').getByRole('button', { name: '2 new', exact: true }).waitFor()
    expect(await topOf(page, seen)).toBe(top)
    await page.locator('.fresh button').click()

    await expect.poll(async () => (await shownIn(page)).slice(0, 2)).toEqual([newer.id, older.id])
    await expect.poll(async () => await page.locator('.fresh button').count()).toBe(0)
    await expect.poll(async () => await page.evaluate(() => scrollY)).toBe(0)
  })

  test('is where it was after a look at a photo, and after a reload, hundreds of photos down', async () => {
    const page = await running().open(name, { owner: 'walt', at: '#/feed' })
    await tile(page, ids[0] as string).waitFor()
    await scrollTo(page, ids[400] as string)
    const seen = await firstSeen(page)
    const top = await topOf(page, seen)

    // @NOTE Playwright's own click scrolls in Firefox.
    await tile(page, seen).evaluate((each) => each.querySelector('a')?.click())
    await expect.poll(() => page.url()).toContain(`#/photos/${seen}`)
    await page.goBack()
    await tile(page, seen).waitFor()
    await expect.poll(async () => await topOf(page, seen)).toBe(top)

    await page.reload()
    await tile(page, seen).waitFor()
    await expect.poll(async () => Math.abs((await topOf(page, seen)) - top)).toBeLessThanOrEqual(1)
    // And up from there to the newest.
    await expect
      .poll(
        async () => {
          await page.evaluate(() => window.scrollTo(0, 0))
          return await tile(page, ids[0] as string).count()
        },
        { interval: 30 },
      )
      .toBe(1)
  })
})

describe('the feed', () => {
  inChromium('shows every photo once and in the order of the API, while others post and delete', async () => {
    const page = await running().open('chromium', { owner: 'xena', at: '#/feed' })
    await tile(page, ids[0] as string).waitFor()
    const gone = [ids[150], ids[333], ids[699]] as string[]
    await using posted = new AsyncDisposableStack()
    let hasPosted = false
    const met: string[] = []
    const meet = async () => {
      for (const id of await shownIn(page)) if (!met.includes(id)) met.push(id)
    }
    const isOver = async () =>
      await page.evaluate(
        () =>
          document.querySelector('.feed-end')?.textContent?.startsWith('That is all') === true &&
          scrollY + innerHeight >= document.documentElement.scrollHeight - 2,
      )
    await meet()
    while (!(await isOver())) {
      const next = met.length > 90 ? gone.shift() : undefined
      if (next) await remove(next)
      if (met.length > 200 && !hasPosted) {
        hasPosted = true
        posted.use(await post('alice'))
      }
      await scrollOn(page)
      await meet()
    }

    expect(met.filter((id) => ids.includes(id))).toEqual(ids)
  })

  inChromium('a photo that is deleted goes without a jump, and so do photos above what is seen', async () => {
    const page = await running().open('chromium', { owner: 'yuri', at: '#/owners/alice' })
    await tile(page, ids[0] as string).waitFor()
    await scrollTo(page, ids[80] as string)
    const seen = await firstSeen(page)
    const place = ids.indexOf(seen)
    const top = await topOf(page, seen)
    const [above, below] = [ids[place - 2], ids[place + 1]] as [string, string]
    await remove(above)
    await remove(below)

    // Nobody is told of what others delete: the page looks again when somebody comes back to it.
    await page.evaluate(() => {
      Date.now = (
        (now) => () =>
          now() + 120_000
      )(Date.now)
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await expect.poll(async () => await tile(page, below).count()).toBe(0)
    await expect.poll(async () => await tile(page, above).count()).toBe(0)
    expect(await topOf(page, seen)).toBe(top)
  })

  inChromium('keeps what one looks at when the window gets another size', async () => {
    const page = await running().open('chromium', { owner: 'yuri', at: '#/feed' })
    await tile(page, ids[0] as string).waitFor()
    const heading = page.getByRole('heading', { level: 1 })
    await page.setViewportSize({ width: 360, height: 740 })
    await expect.poll(async () => (await tile(page, ids[0] as string).boundingBox())?.width).toBeLessThan(360)
    expect([await page.evaluate(() => scrollY), await heading.isVisible()]).toEqual([0, true])
    await page.setViewportSize({ width: 1280, height: 800 })

    await scrollTo(page, ids[200] as string)
    const seen = await firstSeen(page)
    const top = await topOf(page, seen)

    for (const [width, height] of [
      [360, 740],
      [740, 360],
      [1280, 800],
    ] as const) {
      await page.setViewportSize({ width, height })
      await expect.poll(async () => Math.abs((await topOf(page, seen)) - top)).toBeLessThanOrEqual(1)
    }
  })

  inChromium('goes on where it was when the connection is back', async () => {
    const page = await running().open('chromium', { owner: 'zoe', at: '#/feed' })
    await tile(page, ids[0] as string).waitFor()
    await page.context().setOffline(true)
    await page.getByText('There is no connection.').first().waitFor()
    await expect
      .poll(async () => {
        await scrollOn(page)
        return await page.locator('.feed-end [role=alert]').count()
      })
      .toBe(1)
    const seen = await firstSeen(page)
    const top = await topOf(page, seen)

    await page.context().setOffline(false)

    await expect.poll(async () => await page.locator('.feed-end [role=alert]').count()).toBe(0)
    expect(await topOf(page, seen)).toBe(top)
    await scrollTo(page, ids[300] as string)
  })

  inChromium(
    'is walked through by keys, and who has the focus keeps it when it is scrolled away',
    async () => {
      const page = await running().open('chromium', { owner: 'zoe', at: '#/feed' })
      await tile(page, ids[0] as string).waitFor()
      await tile(page, ids[0] as string)
        .locator('a')
        .first()
        .focus()
      const focused = async () =>
        await page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-photo]')?.dataset.photo)
      const goBy = async (key: string) => {
        const before = await focused()
        await page.keyboard.press(key)
        await expect.poll(focused, { message: key }).not.toBe(before)
        return ids.indexOf((await focused()) as string)
      }

      expect(await goBy('ArrowRight')).toBe(1)
      expect(await goBy('ArrowLeft')).toBe(0)
      await goBy('PageDown')
      await goBy('PageDown')
      const far = await goBy('ArrowDown')
      expect(far).toBeGreaterThan(8)
      await scrollOn(page, ids[far + 200])
      expect(await focused()).toBe(ids[far])
      expect(await goBy('Home')).toBe(0)
      await tile(page, ids[0] as string).waitFor()
    },
  )

  inChromium('is empty until somebody is followed, whose photos are there at once', async () => {
    const page = await running().open('chromium', { owner: 'newcomer', at: '#/feed' })
    await page.getByText('You follow nobody yet').waitFor()
    await page.getByLabel('Owner', { exact: true }).fill('alice')
    await page.getByRole('button', { name: 'Follow', exact: true }).click()
    await tile(page, ids[0] as string).waitFor()
    await page.getByText('You follow 1').click()
    await page.getByRole('button', { name: 'Unfollow: alice' }).click()
    await page.getByText('You follow nobody yet').waitFor()
  })
})

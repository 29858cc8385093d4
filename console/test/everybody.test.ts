import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { beforeAll, describe, expect } from 'vitest'
import { BROWSERS, type BrowserName, inChromium, type Tastes } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'
import { prepareScenes, type Scene } from './support/scenes.ts'

/** The page looks the same to nobody: each of these sees every scene. */
const READERS = (['light', 'dark'] as const).flatMap((scheme) =>
  [1280, 360].map((width) => ({ scheme, width })),
)
/** That of a wide window at 200 %, a small phone's, and that of a wide window at 400 %. */
const WIDTHS = [1280, 640, 360, 320]
/** What does not fit until then never will. */
const LAID_OUT_MS = 15_000

/** Where pictures of all scenes are put, by `npm run screenshots`; null where they are only looked at. */
const FOLDER = process.env.SCREENSHOTS ? resolve(process.env.SCREENSHOTS) : null

/** Those of a wide window that README shows, in `docs/`: drawn anew with the others. */
const DOCS = join(import.meta.dirname, '../../docs')
const OF_README: Readonly<Record<string, 'light' | 'dark'>> = {
  looks: 'dark',
  feed: 'light',
  'run-canary': 'light',
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const running = runningConsole()
let scenes: Scene[]

beforeAll(async () => {
  scenes = await prepareScenes(running().service)
  if (FOLDER) await mkdir(FOLDER, { recursive: true })
})

type Violation = { id: string; nodes: { html: string; failureSummary?: string }[] }

/** What axe finds, each with what it is of. */
async function flawsOf(page: Page): Promise<string[]> {
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    return (await axe.run()).violations
  })
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 120)} ${failureSummary.split('\n').at(-1)}`,
    ),
  )
}

/** Whatever reaches over the edge of a window that wide, from left to right and from right to left. */
async function overflowOf(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 })
    // What lays its tiles out by itself has heard of that.
    await page.evaluate(async () => {
      for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame)
    })
    for (const dir of ['ltr', 'rtl']) {
      await page.evaluate((dir) => {
        document.documentElement.dir = dir
      }, dir)
      const isInside = () => (document.scrollingElement as Element).scrollWidth <= innerWidth
      const inside = page.waitForFunction(isInside, null, { timeout: LAID_OUT_MS }).then(
        () => true,
        () => false,
      )
      if (!(await inside)) found.push(`at ${width} ${dir}`)
    }
    await page.evaluate(() => document.documentElement.removeAttribute('dir'))
  }
  return found
}

/** What a browser draws as a torn picture, because it could not be had. */
async function tornPicturesOf(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.images]
      .filter(({ complete, naturalWidth }) => complete && naturalWidth === 0)
      .filter((image) => getComputedStyle(image).opacity !== '0')
      .map(({ currentSrc }) => `a torn picture: ${currentSrc}`),
  )
}

async function openScene(
  name: string,
  tastes: Tastes = {},
  browser: BrowserName = 'chromium',
): Promise<Page> {
  const { visit, shows, act, allows } = scenes.find((scene) => scene.name === name) as Scene
  if (allows) running().allow(allows)
  const page = await running().open(browser, { ...visit, ...tastes })
  await page.locator(shows).first().waitFor()
  await act?.(page)
  await page.waitForFunction(() =>
    [...document.images].every(({ complete, loading }) => complete || loading === 'lazy'),
  )
  return page
}

async function keepPicture(
  page: Page,
  folder: string,
  { name, scheme, width }: { name: string; scheme: 'light' | 'dark'; width: number },
): Promise<void> {
  // Those that came in a moment ago are seen whole.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('img.is-decoded')].every(
      (image) => getComputedStyle(image).opacity === '1',
    ),
  )
  const picture = await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`) })
  if (width === 1280 && OF_README[name] === scheme)
    await sharp(picture)
      .jpeg({ quality: 80, mozjpeg: true })
      .toFile(join(DOCS, `console-${name}.jpg`))
}

// Named here, as tests are before anything is prepared; the first of them says when one is forgotten.
const NAMES = [
  ...['sign-in', 'sign-in-refused', 'develop-empty', 'develop', 'develop-failed', 'feed-empty', 'feed'],
  ...['feed-offline', 'feed-loading', 'feed-failed', 'owner', 'photo', 'photo-gone', 'looks'],
  ...['operators-only', 'nothing-here', 'runs', 'run-canary', 'run-begin', 'operator', 'german'],
]

describe('everybody', () => {
  inChromium('every scene is looked at', () => {
    expect(scenes.map(({ name }) => name)).toEqual(NAMES)
  })

  inChromium.each(NAMES)(
    'axe finds nothing in %s, dark and light, wide and narrow, and nothing reaches over an edge',
    async (name) => {
      const page = await openScene(name)
      await page.evaluate(AXE)
      const flaws: Record<string, string[]> = {}
      for (const { scheme, width } of READERS) {
        await page.emulateMedia({ colorScheme: scheme })
        await page.setViewportSize({ width, height: 800 })
        if (FOLDER) await keepPicture(page, FOLDER, { name, scheme, width })
        const found = [...(await flawsOf(page)), ...(await tornPicturesOf(page))]
        if (found.length > 0) flaws[`${scheme} ${width}`] = found
      }
      const overflow = await overflowOf(page)
      await page.context().setOffline(false)

      expect({ flaws, overflow }).toEqual({ flaws: {}, overflow: [] })
    },
  )

  inChromium.each(['feed', 'photo', 'develop'])('who wants no motion sees none in %s', async (name) => {
    const page = await openScene(name, { isCalm: true })

    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const { transitionDuration, animationDuration } = getComputedStyle(element)
          return /[1-9]/.test(`${transitionDuration} ${animationDuration}`)
        }).length,
    )

    expect(moving).toBe(0)
  })
})

/** What can be acted on, and is not reached by arrow keys from another one. */
const CONTROLS =
  'a[href], button:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, input:not(:disabled):not([type=radio]), input[type=radio]:checked'

describe.each(BROWSERS)('by keys alone in $name', ({ name: browser, test }) => {
  test.each(['develop', 'photo', 'looks'])('all that acts in %s has the focus in its turn', async (name) => {
    const page = await openScene(name, {}, browser)
    const count = await page.evaluate((controls) => {
      const all = [...document.querySelectorAll<HTMLElement>(controls)]
      const seen = all.filter(
        (control) => control.checkVisibility({ visibilityProperty: true }) && control.tabIndex >= 0,
      )
      for (const [index, control] of seen.entries()) control.dataset.control = String(index)
      ;(document.activeElement as HTMLElement | null)?.blur()
      return seen.length
    }, CONTROLS)

    const reached = new Set<string>()
    for (let step = 0; step < count * 2 + 20 && reached.size < count; step++) {
      await page.keyboard.press('Tab')
      const control = await page.evaluate(
        () => (document.activeElement as HTMLElement | null)?.dataset.control,
      )
      if (control !== undefined) reached.add(control)
    }

    const missed = await page.evaluate(
      (reached) =>
        [...document.querySelectorAll<HTMLElement>('[data-control]')]
          .filter(({ dataset }) => !reached.includes(dataset.control as string))
          .map(({ outerHTML }) => outerHTML.slice(0, 120)),
      [...reached],
    )
    expect(missed).toEqual([])
    expect(count).toBeGreaterThan(8)
  })
})

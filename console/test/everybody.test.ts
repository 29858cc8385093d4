import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect } from 'vitest'
import { inChromium } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'
import { prepareScenes, type Scene } from './support/scenes.ts'

/** The page looks the same to nobody: each of these sees every scene. */
const READERS = (['light', 'dark'] as const).flatMap((scheme) =>
  [1280, 360].map((width) => ({ scheme, width })),
)
/** That of a wide window at 200 %, a small phone's, and that of a wide window at 400 %. */
const WIDTHS = [1280, 640, 360, 320]

/** Where pictures of all scenes are put, by `npm run screenshots`; null where they are only looked at. */
const FOLDER = process.env.SCREENSHOTS ? resolve(process.env.SCREENSHOTS) : null

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
    for (const dir of ['ltr', 'rtl']) {
      const over = await page.evaluate((dir) => {
        document.documentElement.dir = dir
        return (document.scrollingElement as Element).scrollWidth - innerWidth
      }, dir)
      if (over > 0) found.push(`${over} px at ${width} ${dir}`)
    }
    await page.evaluate(() => document.documentElement.removeAttribute('dir'))
  }
  return found
}

async function openScene(name: string): Promise<Page> {
  const { visit, shows, act } = scenes.find((scene) => scene.name === name) as Scene
  const page = await running().open('chromium', visit)
  await page.locator(shows).first().waitFor()
  await act?.(page)
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete))
  return page
}

// Named here, as tests are before anything is prepared; the first of them says when one is forgotten.
const NAMES = [
  ...['sign-in', 'sign-in-refused', 'develop-empty', 'develop', 'develop-failed', 'feed-empty', 'feed'],
  ...['feed-offline', 'owner', 'photo', 'photo-gone', 'looks', 'operators-only', 'nothing-here'],
  ...['runs-empty', 'operator', 'german'],
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
        if (FOLDER) await page.screenshot({ path: join(FOLDER, `${name}-${scheme}-${width}.png`) })
        const found = await flawsOf(page)
        if (found.length > 0) flaws[`${scheme} ${width}`] = found
      }
      const overflow = await overflowOf(page)
      await page.context().setOffline(false)

      expect({ flaws, overflow }).toEqual({ flaws: {}, overflow: [] })
    },
  )
})

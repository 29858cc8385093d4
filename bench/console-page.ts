import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import type { OwnerId } from '../src/photo/shard.ts'
import { findProgram } from '../test/support/programs.ts'
import type { Home } from './darkroom.ts'

/** As watched-page.js counts them: milliseconds, shares of the screen, elements. */
export type Watched = { longestTask: number; shift: number; nodes: number; usableAt: number; frames: number }

export type ConsolePage = AsyncDisposable & {
  page: Page
  watched(): Promise<Watched>
  /** What scripts and the document hold, in bytes, once nothing is left to collect. That takes a long task, which is not watched. */
  memory(): Promise<number>
}

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']

/** The console in a headless Chromium, signed in, at a view, as soon as a picture is there. */
export async function openConsole(
  home: Home,
  { owner, at, flags = [] }: { owner: OwnerId; at: string; flags?: string[] },
): Promise<ConsolePage> {
  const executablePath = findProgram(...CHROMIUM)
  if (!executablePath) throw new Error('There is no Chromium: apt-get install chromium')
  await using opened = new AsyncDisposableStack()
  const browser = await chromium.launch({ executablePath, args: flags })
  opened.defer(async () => await browser.close())
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const url = `${home.config.publicUrl}/console`
  const code = await home.services.catalog.consoleCodes.make({ owner, isOperator: false })
  const first = await context.newPage()
  await first.goto(`${url}#code=${code}`)
  await first.locator('header.bar').waitFor()
  await first.close()

  const page = await context.newPage()
  await page.addInitScript({ path: join(import.meta.dirname, 'watched-page.js') })
  await page.goto(url + at)
  await page.locator('[data-photo] img.is-decoded').first().waitFor()
  const session = await context.newCDPSession(page)
  const owned = opened.move()
  return {
    page,
    watched: async () => await page.evaluate('watched'),
    memory: async () => {
      await page.evaluate('unwatchTasks()')
      await session.send('HeapProfiler.collectGarbage')
      await page.evaluate('watchTasks()')
      const { usedSize, embedderHeapUsedSize, backingStorageSize } = (await session.send(
        'Runtime.getHeapUsage',
      )) as { usedSize: number; embedderHeapUsedSize: number; backingStorageSize: number }
      return usedSize + embedderHeapUsedSize + backingStorageSize
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { OwnerId } from '../../../src/photo/shard.ts'
import { startService, type TestService } from '../../../test/support/service.ts'
import { type BrowserName, Browsers, PATIENCE_MS, type Tastes } from './browsers.ts'
import { complaintsOf, tellOfViolations } from './complaints.ts'

/** So many times slower than the machine are Chromium's pages, as those of a busy one: by `SLOWDOWN=20 npm run test:console`. */
const SLOWDOWN = Number(process.env.SLOWDOWN ?? 1)

export type Visit = Tastes & {
  /** Who is signed in: `me`, unless told; null for nobody. */
  owner?: string | null
  isOperator?: boolean
  /** Which view: `#/develop` unless told. */
  at?: string
  width?: number
  height?: number
  /** Of the page's words; English unless told. */
  language?: 'en' | 'de'
  /** Where the page is, if it is not where the service says, as behind a proxy. */
  url?: string
}

export type RunningConsole = {
  service: TestService
  /** The link that signs in, once. */
  link(owner?: string, as?: { isOperator: boolean }): Promise<string>
  /** A page of its own, with its own cookies and storage. It is closed after the test, which fails for what went wrong on it. */
  open(name: BrowserName, visit?: Visit): Promise<Page>
  /** What went wrong on the pages of this test is no failure if it is like that. */
  allow(complaint: RegExp): void
}

function slowDown(context: BrowserContext): void {
  context.on('page', async (page) => {
    const session = await context.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN })
  })
}

/** Where the page is and what it says to a screen reader, to find out why a test failed. */
async function sightOf(page: Page): Promise<string> {
  const said = await page.locator('body').ariaSnapshot({ timeout: 5_000 })
  return `The test left ${page.url()} so:\n${said.slice(0, 2_000)}`
}

/** One service with the built page and a worker of each lane, for all tests of a file, and browsers to look at it. */
export function runningConsole(env: Record<string, string> = {}): () => RunningConsole {
  let running: RunningConsole
  const opened = new AsyncDisposableStack()
  let contexts: BrowserContext[] = []
  let complaints: string[][] = []
  let allowed: RegExp[] = []

  beforeAll(async () => {
    const service = opened.use(await startService({ CONSOLE: 'on', ...env }))
    opened.use(service.work({ withAvif: true }))
    const browsers = opened.use(new Browsers())

    const link = async (owner = 'me', { isOperator } = { isOperator: false }) => {
      const code = await service.catalog.consoleCodes.make({ owner: owner as OwnerId, isOperator })
      return `${service.url}/console#code=${code}`
    }
    const open = async (name: BrowserName, visit: Visit = {}) => {
      const { scheme = 'light', isCalm = false, width = 1280, height = 800 } = visit
      const browser = await browsers.get(name, { scheme, isCalm })
      const context = await browser.newContext({
        viewport: { width, height },
        ...(name === 'chromium' && {
          colorScheme: scheme,
          reducedMotion: isCalm ? ('reduce' as const) : ('no-preference' as const),
          locale: 'en-GB',
        }),
      })
      contexts.push(context)
      context.setDefaultTimeout(PATIENCE_MS)
      await tellOfViolations(context)
      if (name === 'chromium' && SLOWDOWN > 1) slowDown(context)
      const page = await context.newPage()
      complaints.push(complaintsOf(page))
      await enter(page, visit)
      return page
    }
    const enter = async (page: Page, visit: Visit) => {
      const { owner = 'me', isOperator = false, at = '#/develop', language = 'en' } = visit
      const url = new URL(visit.url ?? `${service.url}/console`)
      url.searchParams.set('lang', language)
      if (owner !== null) url.hash = new URL(await link(owner, { isOperator })).hash
      await page.goto(url.href)
      if (owner === null) return
      await page.locator('header.bar').waitFor()
      await page.evaluate((hash) => location.replace(hash), at)
    }
    running = { service, link, open, allow: (complaint) => void allowed.push(complaint) }
  })

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      for (const page of contexts.flatMap((context) => context.pages())) console.error(await sightOf(page))
    const found = complaints.flat().filter((text) => !allowed.some((form) => form.test(text)))
    const closing = contexts
    ;[contexts, complaints, allowed] = [[], [], []]
    await Promise.all(closing.map(close))
    expect(found).toEqual([])
  })

  afterAll(async () => await opened.disposeAsync())

  return () => running
}

/** What a test answers in the place of the server may be under way: that it comes to nothing now is no failure. */
async function close(context: BrowserContext): Promise<void> {
  const routed = [context, ...context.pages()]
  await Promise.all(routed.map(async (each) => await each.unrouteAll({ behavior: 'ignoreErrors' })))
  await context.close()
}

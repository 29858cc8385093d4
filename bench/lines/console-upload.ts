import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { link } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { buildConsole } from '../../test/support/built-console.ts'
import { findProgram } from '../../test/support/programs.ts'
import type { Bench } from '../bench.ts'
import { type Darkroom, OWNER, startDarkroom } from '../darkroom.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio, value } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import { ownBytes } from '../process-figures.ts'

const ROOT = join(import.meta.dirname, '../..')
const CHROMIUM = { programs: ['chromium'], packages: ['chromium'] }
const ROUNDS = 2
const PHOTOS = 1_000
const LOOK_MS = 250

/** A folder of photos into the page, against the same by `darkroom upload`, which sends as many at a time; and what the page's renderer has in RAM meanwhile. */
export const consoleUpload: Line = {
  name: 'console-upload',
  isLong: true,
  measure: async (bench) => {
    if (!isMeasurable('uploads by the page', CHROMIUM)) return []
    await buildConsole()
    await using darkroom = await startDarkroom(bench, { workers: 0, engines: { CONSOLE: 'on' } })
    const files = await linksTo(bench, await bench.photo('photo of 12 MP'), bench.rounds(PHOTOS))
    const what = `${files.length.toLocaleString('en')} photos of 12 MP`
    let peak = 0
    const sides = {
      ours: async () => {
        await using page = await openPage(bench, darkroom)
        const rate = await rateOf(files.length, async () => await page.upload(files))
        peak = Math.max(peak, page.peakBytes())
        return rate
      },
      against: async () => await rateOf(files.length, async () => await byCommand(darkroom, files)),
    }
    const comparison = await compare(sides, bench.rounds(ROUNDS))
    return [
      ratio(`${what} by the page / by darkroom upload`, 'photos/s', comparison, { atLeast: 0.9 }),
      value(`memory of the page's renderer meanwhile, at most`, 'MB', peak / 1e6, { below: 250 }),
    ] satisfies Figure[]
  },
}

/** As many files, which take the room of one. */
async function linksTo(bench: Bench, photo: string, count: number): Promise<string[]> {
  const folder = await bench.makeFolder('photos')
  const files = Array.from({ length: count }, (_, i) => join(folder, `IMG_${i}.jpg`))
  for (const file of files) await link(photo, file)
  return files
}

async function byCommand({ url, token, env }: Darkroom, files: readonly string[]): Promise<void> {
  const args = [join(ROOT, 'src/cli.ts'), 'upload', '--url', url, '--token', token, '--json', ...files]
  const command = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(command, 'exit')
  if (code !== 0) throw new Error(`darkroom upload ended with ${code}.`)
}

type OpenPage = AsyncDisposable & { upload(files: readonly string[]): Promise<void>; peakBytes(): number }

/** Signed in, in a browser of its own with a profile on the disk, where it keeps the bytes of what waits. */
async function openPage(bench: Bench, { url, services }: Darkroom): Promise<OpenPage> {
  const profile = await bench.makeFolder('profile')
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findProgram('chromium') as string,
  })
  const code = await services.catalog.consoleCodes.make({ owner: OWNER, isOperator: false })
  const page = context.pages()[0] ?? (await context.newPage())
  await page.goto(`${url}/console?lang=en#code=${code}`)
  await page.locator('input.of-photos').waitFor({ state: 'attached' })
  const pids = await renderersOf(page)
  let peak = 0
  const timer = setInterval(() => {
    for (const pid of pids)
      void ownBytes(pid).then(
        (bytes) => {
          peak = Math.max(peak, bytes)
        },
        () => {},
      )
  }, LOOK_MS)
  return {
    upload: async (files) => {
      await page.locator('input.of-photos').setInputFiles([...files])
      const sent = `${files.length.toLocaleString('en')} photos sent`
      await page.locator('.dock', { hasText: sent }).waitFor({ timeout: 0 })
    },
    peakBytes: () => peak,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await context.close()
    },
  }
}

/** The processes one of which has the page: the others, as of the browser's own bars, have less. */
async function renderersOf(page: Page): Promise<number[]> {
  const browser = page.context().browser()
  const session = await browser?.newBrowserCDPSession()
  const { processInfo } = (await session?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  if (renderers.length === 0) throw new Error('The page has no process.')
  return renderers.map(({ id }) => id)
}

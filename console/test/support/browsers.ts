import { type Browser, chromium } from 'playwright-core'
import { firefox } from 'pw-firefox'
import { CHROMIUM } from '../../../test/support/browser.ts'
import { needs } from '../../../test/support/needs.ts'
import { findProgram } from '../../../test/support/programs.ts'
import { openScreen, type Screen, XVFB } from './screen.ts'

const FIREFOX = findProgram('firefox-esr', 'firefox')

export const inChromium = needs('Chromium', CHROMIUM !== null, 'apt-get install chromium')
export const inFirefox = needs(
  'Firefox and Xvfb',
  FIREFOX !== null && XVFB !== null,
  'apt-get install firefox-esr xvfb libgl1-mesa-dri libegl1 libpci3',
)

/** What is waited for comes in its time: on a machine that is busy, too. */
export const PATIENCE_MS = 120_000

export type BrowserName = 'chromium' | 'firefox'

/** For `describe.each`: the tests of both by `test`, which is skipped by name where the browser is not installed. */
export const BROWSERS = [
  { name: 'chromium', test: inChromium },
  { name: 'firefox', test: inFirefox },
] as const satisfies readonly { name: BrowserName; test: typeof inChromium }[]

/** What a reader has set for all pages. */
export type Tastes = { scheme?: 'light' | 'dark'; isCalm?: boolean }

/** Browsers that are begun when they are first asked for, and end together. */
export class Browsers implements AsyncDisposable {
  readonly #opened = new AsyncDisposableStack()
  readonly #begun = new Map<string, Promise<Browser>>()
  #screen: Promise<Screen> | null = null

  /** @NOTE Firefox takes tastes when it begins, so it is another one for each. */
  async get(name: BrowserName, tastes: Tastes): Promise<Browser> {
    const key = name === 'firefox' ? JSON.stringify([name, tastes.scheme, tastes.isCalm]) : name
    const browser = this.#begun.get(key) ?? (name === 'firefox' ? this.#firefox(tastes) : this.#chromium())
    this.#begun.set(key, browser)
    return await browser
  }

  async #chromium(): Promise<Browser> {
    const browser = await chromium.launch({ executablePath: CHROMIUM as string, timeout: PATIENCE_MS })
    this.#opened.defer(async () => await browser.close())
    return browser
  }

  async #firefox({ scheme = 'light', isCalm = false }: Tastes): Promise<Browser> {
    this.#screen ??= openScreen().then((screen) => this.#opened.use(screen))
    const { display } = await this.#screen
    const browser = await firefox.launch({
      // The one that Debian's Firefox speaks.
      channel: 'moz-firefox',
      executablePath: FIREFOX as string,
      headless: false,
      timeout: PATIENCE_MS,
      env: { ...process.env, DISPLAY: display, MOZ_ENABLE_WAYLAND: '0' },
      firefoxUserPrefs: {
        'layout.css.prefers-color-scheme.content-override': scheme === 'dark' ? 0 : 1,
        'ui.prefersReducedMotion': isCalm ? 1 : 0,
      },
    })
    this.#opened.defer(async () => await browser.close())
    return browser as unknown as Browser
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync()
  }
}

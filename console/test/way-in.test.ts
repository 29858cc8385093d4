import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { DarkroomClient } from '../../clients/typescript/src/darkroom-client.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { fixture } from '../../test/support/pictures.ts'
import { startProxy } from '../../test/support/proxy.ts'
import { BROWSERS } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()

const isIn = async (page: Page, owner: string) =>
  await page.locator('header.bar').getByText(owner, { exact: true }).waitFor()
const isOut = async (page: Page) => await page.getByRole('heading', { name: 'Sign in' }).waitFor()

/** What stands in front of a server, under a path that it takes away; the server is asked by another name than the browser's. */
async function startPathProxy({
  port,
  at,
  path,
}: {
  port: number
  at: number
  path: string
}): Promise<AsyncDisposable> {
  const server = createServer((incoming, reply) => {
    const headers = { ...incoming.headers, host: 'inside' }
    const onward = request(
      { port, host: '127.0.0.1', method: incoming.method, headers, path: incoming.url?.slice(path.length) },
      (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(reply)
      },
    )
    onward.on('error', () => reply.destroy())
    incoming.pipe(onward)
  })
  server.listen(at, '127.0.0.1')
  await once(server, 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

describe.each(BROWSERS)('in $name', ({ name, test }) => {
  test('a link opens the console signed in, and its code is gone from the address before anything is sent', async () => {
    const page = await running().open(name, { owner: null })
    await page.addInitScript(() => {
      const seen: string[] = []
      Object.assign(window, { seen })
      const { fetch } = window
      window.fetch = async (...args) => {
        seen.push(location.href)
        return await fetch(...args)
      }
    })
    const referers: string[] = []
    page.on('request', (sent) => referers.push(sent.headers().referer ?? ''))

    // From elsewhere, as from a terminal: the page is loaded.
    await page.goto('about:blank')
    await page.goto(await running().link('alice'))
    await isIn(page, 'alice')

    const { seen, href, state } = await page.evaluate(() => ({
      seen: (window as unknown as { seen: string[] }).seen,
      href: location.href,
      state: JSON.stringify(history.state),
    }))
    expect(seen.length).toBeGreaterThanOrEqual(3)
    for (const text of [...seen, href, state, ...referers]) expect(text).not.toContain('code')
    expect(href).toMatch(/\/console#\/develop$/)
    expect(referers.filter((text) => text !== '')).toEqual([])
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  test('a link that was used says in plain words that it was, and a token lets in instead', async () => {
    const link = await running().link('alice')
    const first = await running().open(name, { owner: null })
    await first.goto('about:blank')
    await first.goto(link)
    await isIn(first, 'alice')

    const second = await running().open(name, { owner: null })
    await second.goto('about:blank')
    await second.goto(link)

    await isOut(second)
    expect(await second.getByRole('alert').textContent()).toBe(
      'This link was used before, or is older than five minutes. darkroom console prints a new one.',
    )
    await expect.poll(() => second.url()).not.toContain('code=')
    await second.getByLabel('Token').fill('what is no token')
    await second.getByRole('button', { name: 'Sign in' }).click()
    await second.getByText('This token was refused.').waitFor()
    await second.getByLabel('Token').fill(await running().service.token('bob'))
    await second.keyboard.press('Enter')
    await isIn(second, 'bob')
  })

  test('a link that is pasted where the page is open signs in, too', async () => {
    const page = await running().open(name, { owner: null })
    await isOut(page)

    const link = await running().link('alice')
    await page.evaluate((hash) => {
      location.hash = hash
    }, new URL(link).hash)

    await isIn(page, 'alice')
    await expect.poll(() => page.url()).not.toContain('code=')
  })

  test('whoever signs in after another sees nothing that is that one’s alone', async () => {
    const { service, open, link, allow } = running()
    const alice = new DarkroomClient({ url: service.url, token: async () => await service.token('alice') })
    const { id } = await alice.upload(new Blob([new Uint8Array(await fixture('plain.jpg'))]), {
      visibility: 'private',
    })
    await alice.waitUntilReady(id)
    const page = await open(name, { owner: 'alice', at: `#/photos/${id}` })
    await page.getByRole('heading', { name: 'Renditions' }).waitFor()

    await page.evaluate(
      (hash) => {
        location.hash = hash
      },
      new URL(await link('bob')).hash,
    )
    await isIn(page, 'bob')
    await page.evaluate((hash) => location.assign(hash), `#/photos/${id}`)

    await page.getByText('There is no such photo here').waitFor()
    allow(/404/)
  })

  test('a page does nothing as somebody else who has signed in by another tab', async () => {
    const { open, link } = running()
    const page = await open(name, { owner: 'alice' })
    const other = await page.context().newPage()
    await other.goto(await link('bob'))
    await isIn(other, 'bob')

    // The token that the page has in its memory is refused once.
    await page.route('**/v1/following', async (route) => await route.fulfill({ status: 401, body: '{}' }), {
      times: 1,
    })
    await page.evaluate(() => location.assign('#/feed'))

    await isIn(page, 'bob')
    running().allow(/401/)
  })

  test('a reload keeps who is signed in, until they sign out', async () => {
    const page = await running().open(name, { owner: 'alice', at: '#/feed' })

    await page.reload()
    await isIn(page, 'alice')
    await expect.poll(() => page.url()).toMatch(/#\/feed$/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await isOut(page)
    await page.reload()
    await isOut(page)
  })

  test('who is no operator finds no view of theirs', async () => {
    const page = await running().open(name, { owner: 'alice' })
    const names = async (of: Page) =>
      await of.getByRole('navigation', { name: 'Views' }).getByRole('link').allTextContents()

    expect(await names(page)).toEqual(['Develop', 'Feed'])
    await page.evaluate(() => location.replace('#/runs'))
    await page.getByText('This is for operators').waitFor()

    const operator = await running().open(name, { owner: 'ops', isOperator: true })
    expect(await names(operator)).toEqual(['Develop', 'Feed', 'Runs', 'Operator'])
  })

  test('while the server can not be reached the page says so, and lets in as soon as it can be', async () => {
    await using proxy = await startProxy(running().service.url)
    const page = await running().open(name, { owner: null, url: new URL('/console', proxy.url).href })
    await isOut(page)

    await proxy.cut()
    await page.getByLabel('Token').fill(await running().service.token('alice'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Darkroom does not answer.').waitFor()
    await proxy.mend()
    await page.getByRole('button', { name: 'Sign in' }).click()

    await isIn(page, 'alice')
  })
})

const PROXY_PORT = await freePort()
const behind = runningConsole({ PUBLIC_URL: `http://127.0.0.1:${PROXY_PORT}/apps/photos` })

describe.each(BROWSERS)('in $name, behind a proxy that takes a path away,', ({ name, test }) => {
  test('a link signs in, and a reload keeps that', async () => {
    const { port } = behind().service.config
    await using _proxy = await startPathProxy({ port, at: PROXY_PORT, path: '/apps/photos' })

    const page = await behind().open(name, { owner: 'alice' })
    await page.reload()
    await isIn(page, 'alice')

    expect(new URL(page.url()).pathname).toBe('/apps/photos/console')
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({ path: '/apps/photos/console', httpOnly: true, sameSite: 'Strict' })
  })
})

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import { buildConsole } from '../../test/support/built-console.ts'
import type { Bench } from '../bench.ts'
import { openConsole } from '../console-page.ts'
import { type Darkroom, OWNER, startDarkroom } from '../darkroom.ts'
import { type Line, value } from '../line.ts'

/** Over the whole slider and back. */
const STEPS = 200
const LOOK = 'Amber'
const LOOK_MS = 100

/**
 * Somebody drags the strength of a look on a picture that is 1080 wide: what the page's main thread does for each frame that it
 * shows. What draws, a worker or the graphics card, is left out.
 */
export const consoleLooks: Line = {
  name: 'console-looks',
  measure: async (bench) => {
    await buildConsole()
    await using darkroom = await startDarkroom(bench, { workers: 1, engines: { CONSOLE: 'on' } })
    const id = await upload(bench, darkroom)
    const webgl = await drag(darkroom, id, [])
    const plain = await drag(darkroom, id, ['--disable-3d-apis'])
    return [
      value('dragging the strength: main thread a frame, mean', 'ms', webgl.frameMs, { below: 16 }),
      value('the same: the longest task', 'ms', webgl.longestTask, { below: 50 }),
      value('the same, without WebGL: main thread a frame, mean', 'ms', plain.frameMs, { below: 33 }),
      value('the same: the longest task', 'ms', plain.longestTask, { below: 50 }),
    ]
  },
}

async function upload(bench: Bench, { url, token }: Darkroom): Promise<string> {
  const reply = await fetch(`${url}/v1/photos`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'image/jpeg', prefer: 'wait=60' },
    body: new Uint8Array(await readFile(await bench.photo('photo of 12 MP'))),
  })
  if (!reply.ok) throw new Error(`The photo was answered with ${reply.status}.`)
  return ((await reply.json()) as { id: string }).id
}

async function drag(darkroom: Darkroom, id: string, flags: string[]) {
  await using open = await openConsole(darkroom, { owner: OWNER, at: `#/owners/${OWNER}`, flags })
  const { page } = open
  await page.evaluate(`location.assign('#/photos/${id}/looks')`)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const look = page.getByRole('radio', { name: LOOK, exact: true })
  await look.waitFor({ state: 'attached' })
  await look.check({ force: true })
  // All tiles are drawn, and so is the picture.
  const unpainted = "document.querySelectorAll('.look-tile canvas:not(.is-painted)').length"
  while ((await page.evaluate<number>(unpainted)) > 0) await sleep(LOOK_MS)
  await page.evaluate('watched.longestTask = 0')

  const before = await spent(session, page)
  const { x, y, width, height } = (await page.getByLabel('Strength').boundingBox()) as Box
  await page.mouse.move(x + width, y + height / 2)
  await page.mouse.down()
  for (let step = 1; step <= STEPS; step++)
    await page.mouse.move(x + width * Math.abs(1 - (2 * step) / STEPS), y + height / 2)
  await page.mouse.up()
  const after = await spent(session, page)
  const { longestTask } = await open.watched()
  return { frameMs: (after.taskMs - before.taskMs) / (after.frames - before.frames), longestTask }
}

type Box = { x: number; y: number; width: number; height: number }

/** What the main thread has done so far, and how many frames were shown. */
async function spent(session: CDPSession, page: Page): Promise<{ taskMs: number; frames: number }> {
  const frames = await page.evaluate<number>('watched.frames')
  const { metrics } = await session.send('Performance.getMetrics')
  const seconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
  return { taskMs: seconds * 1000, frames }
}

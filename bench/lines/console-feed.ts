import type { OwnerId } from '../../src/photo/shard.ts'
import { buildConsole } from '../../test/support/built-console.ts'
import { type ConsolePage, openConsole } from '../console-page.ts'
import { OWNER, startDarkroom } from '../darkroom.ts'
import { type Line, value } from '../line.ts'
import { writePictures } from '../many-pictures.ts'

const PHOTOS = 10_000
/** Memory is compared with what it takes when so many have been seen. */
const FEW = 500
/** As far as a quick hand turns a wheel at a time. */
const STEP_PX = 500
const VIEWER = 'viewer' as OwnerId

/** A reader of the console scrolls through ten thousand photos, from the newest to the oldest, each with its picture. */
export const consoleFeed: Line = {
  name: 'console-feed',
  measure: async (bench) => {
    await buildConsole()
    const photos = bench.rounds(PHOTOS)
    await using darkroom = await startDarkroom(bench, { workers: 1, engines: { CONSOLE: 'on' } })
    await writePictures(darkroom, photos)
    await darkroom.services.catalog.follows.set(VIEWER, [OWNER])
    await using open = await openConsole(darkroom, { owner: VIEWER, at: '#/feed' })
    const { usableAt } = await open.watched()
    await scrollTo(open, FEW)
    const few = await open.memory()
    await scrollTo(open, photos)
    const many = await open.memory()
    const { longestTask, shift, nodes } = await open.watched()
    return [
      value('console: from its address to the first picture of a feed', 's', usableAt / 1000, { below: 1 }),
      value(`scrolling through ${photos} photos: the longest task`, 'ms', longestTask, { below: 50 }),
      value('the same: most elements in the page', 'elements', nodes, { below: 1_501 }),
      value('the same: layout shift', '', shift, { below: 0.0001 }),
      value(`the same: memory at the end / after ${FEW}`, '', many / few, { below: 1.2 }),
    ]
  },
}

/** Turns the wheel until that many photos have been there. */
async function scrollTo({ page }: ConsolePage, count: number): Promise<void> {
  await page.mouse.move(640, 400)
  const seen = async () =>
    await page.evaluate<number>(
      `Math.max(...[...document.querySelectorAll('[aria-posinset]')].map((tile) => Number(tile.ariaPosInSet)))`,
    )
  while ((await seen()) < count) await page.mouse.wheel(0, STEP_PX)
}

import type { Page } from 'playwright-core'
import { beforeAll, describe, expect } from 'vitest'
import { atStrength, type ColorTable, tableOf } from '../../src/photo/color-table.ts'
import { compileFilter } from '../../src/photo/compile-filter.ts'
import { toCube } from '../../src/photo/cube.ts'
import type { Filter } from '../../src/photo/filter.ts'
import { FILTERS } from '../../src/photo/filters.ts'
import { noisyJpeg } from '../../test/support/pictures.ts'
import { BROWSERS } from './support/browsers.ts'
import {
  beforeWorker,
  digestInLook,
  digestShown,
  randomPixels,
  showInstead,
  type ToldPhoto,
  upload,
  WITHOUT_WEBGL,
} from './support/looks-page.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()
let photo: ToldPhoto

beforeAll(async () => {
  photo = await upload(running().service, await noisyJpeg({ width: 1024, height: 1024 }))
})

/** Colours turned round by their light, of so many points. */
function turned(size: number): ColorTable {
  return tableOf(size, (red, green, blue) => [
    red ** 1.4,
    1 - green * (1 - blue / 2),
    (blue + red * green) / 2,
  ])
}

async function choose(page: Page, title: string): Promise<void> {
  await page.getByRole('radio', { name: title, exact: true }).check({ force: true })
}

describe.each(BROWSERS)('in $name', ({ name, test }) => {
  describe.each([
    { by: 'webgl', script: '' },
    { by: 'plain', script: WITHOUT_WEBGL },
  ])('by $by', ({ by, script }) => {
    test('of a million random pixels not one differs from what the server makes', async () => {
      const page = await running().open(name)
      const pixels = randomPixels()
      await showInstead(page, photo, pixels)
      await beforeWorker(page, script)
      await page.evaluate((id) => location.assign(`#/photos/${id}/looks`), photo.id)
      await page.getByRole('radio', { name: 'Neon', exact: true }).waitFor({ state: 'attached' })
      await page.locator('input[type=file]').setInputFiles(
        [17, 65].map((size) => ({
          name: `turned-${size}.cube`,
          mimeType: '',
          buffer: Buffer.from(toCube(turned(size), `Turned ${size}`)),
        })),
      )
      await page.getByRole('radio', { name: 'Turned 65', exact: true }).waitFor({ state: 'attached' })

      const neon = compileFilter(FILTERS.get('neon' as never) as Filter)
      for (const [title, table, strengths] of [
        ['Turned 65', turned(65), [37]],
        ['Turned 17', turned(17), [3]],
        ['Neon', neon, [100, 61]],
      ] as const) {
        await choose(page, title)
        for (const strength of strengths) {
          await page.getByLabel('Strength').fill(String(strength))
          const made = digestInLook(pixels, strength === 100 ? table : atStrength(table, strength / 100))
          await expect.poll(() => digestShown(page), `${title} at ${strength}`).toBe(made)
        }
        expect(await page.locator('.preview-after canvas').getAttribute('data-by')).toBe(by)
      }
    })
  })
})

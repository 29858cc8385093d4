import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { beforeAll, describe, expect } from 'vitest'
import { type ColorTable, tableOf } from '../../src/photo/look/color-table.ts'
import { compileFilter } from '../../src/photo/look/compile-filter.ts'
import { type CompiledLook, lookAt } from '../../src/photo/look/compiled-look.ts'
import { toCube } from '../../src/photo/look/cube.ts'
import { NO_EFFECTS } from '../../src/photo/look/effects.ts'
import type { Filter, FilterName } from '../../src/photo/look/filter.ts'
import { FILTERS } from '../../src/photo/look/filters.ts'
import { fixture, noisyJpeg } from '../../test/support/pictures.ts'
import { colorDifference, labOf } from '../../workers/renditions/color/color-difference.ts'
import { BROWSERS, inChromium } from './support/browsers.ts'
import {
  beforeWorker,
  digestInLook,
  digestShown,
  LOSING_WEBGL,
  offerLooks,
  pixelsShown,
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

/** One of ours at a strength. */
function ours(name: string, strength = 1): CompiledLook {
  const filter = FILTERS.get(name as FilterName) as Filter
  return lookAt({ table: compileFilter(filter), effects: filter }, strength)
}

async function goToLooks(page: Page, { id }: ToldPhoto): Promise<void> {
  await page.evaluate((hash) => location.assign(hash), `#/photos/${id}/looks`)
  await page.getByRole('radio', { name: 'Neon', exact: true }).waitFor({ state: 'attached' })
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
      const rough = { table: turned(65), effects: { vignette: 0.9, grain: 0.7 } }
      const dark = { table: turned(17), effects: { vignette: 1, grain: 0.02 } }
      await offerLooks(page, [
        { title: 'Rough', ...rough },
        { title: 'Dark', ...dark },
      ])
      await goToLooks(page, photo)
      await page.locator('input[type=file]').setInputFiles(
        [17, 65].map((size) => ({
          name: `turned-${size}.cube`,
          mimeType: '',
          buffer: Buffer.from(toCube(turned(size), `Turned ${size}`)),
        })),
      )
      await page.getByRole('radio', { name: 'Turned 65', exact: true }).waitFor({ state: 'attached' })

      for (const [title, look, strengths] of [
        ['Turned 65', { table: turned(65), effects: NO_EFFECTS }, [37]],
        ['Turned 17', { table: turned(17), effects: NO_EFFECTS }, [3]],
        ['Neon', ours('neon'), [100]],
        ['Noir', ours('noir'), [100, 61]],
        ['Linen', ours('linen'), [5]],
        ['Negative', ours('negative'), [99]],
        ['Rough', rough, [100, 37]],
        ['Dark', dark, [100, 3]],
      ] as const) {
        await choose(page, title)
        for (const strength of strengths) {
          await page.getByLabel('Strength').fill(String(strength))
          const made = digestInLook(pixels, lookAt(look, strength / 100))
          await expect.poll(() => digestShown(page), { message: `${title} at ${strength}` }).toBe(made)
        }
        expect(await page.locator('.preview-after canvas').getAttribute('data-by')).toBe(by)
      }
    })
  })
})

describe('in chromium', () => {
  const [name, test] = ['chromium', inChromium] as const

  test.for([
    { title: 'Honey', picture: 'a scene', original: () => fixture('sample.jpg') },
    { title: 'Noir', picture: 'a scene', original: () => fixture('sample.jpg') },
    { title: 'Ortho', picture: 'rough shapes', original: () => noisyJpeg({ width: 2400, height: 1800 }) },
  ])('$title, given to $picture, is shown without anybody seeing the change', async ({ title, original }) => {
    const { service } = running()
    const own = await upload(service, await original())
    const page = await running().open(name)
    await goToLooks(page, own)
    await choose(page, title)
    await page.locator('.preview-after canvas.is-painted').waitFor()

    const drawn = await pixelsShown(page, '.preview-after canvas')
    await page.getByRole('button', { name: 'Give it this look' }).click()
    await page.locator('.preview-after img.is-painted').waitFor()

    const url = await page.locator('.preview-after img').getAttribute('src')
    const made = await sharp(await (await fetch(url as string)).arrayBuffer())
      .raw()
      .toBuffer()
    let sum = 0
    for (let i = 0, j = 0; i < made.length; i += 3, j += 4)
      sum += colorDifference(labOf(made.readUIntBE(i, 3)), labOf(drawn.data.readUIntBE(j, 3)))
    expect(sum / (made.length / 3)).toBeLessThanOrEqual(1)
    await page.getByRole('button', { name: 'Undo: As taken' }).click()
    await page.getByText('The photo has no look.').waitFor()
  })

  test('a file that is no look is refused with its line, and the others go on', async () => {
    const page = await running().open(name)
    await goToLooks(page, photo)

    await page.locator('input[type=file]').setInputFiles([
      { name: 'broken.cube', mimeType: '', buffer: Buffer.from('LUT_3D_SIZE 2\n0 0 0\n0 0 blue\n') },
      { name: 'turned.cube', mimeType: '', buffer: Buffer.from(toCube(turned(3), 'Turned 3')) },
    ])

    await page.getByText('broken.cube is no look: line 3: "0 0 blue" must be three numbers.').waitFor()
    await page.locator('.preview-after canvas.is-painted').waitFor()
    await expect
      .poll(async () => await page.getByRole('radio', { name: 'Turned 3', exact: true }).isChecked())
      .toBe(true)
  })

  test('arrow keys go through looks, strength and divider', async () => {
    const page = await running().open(name)
    await goToLooks(page, photo)

    const [strength, divider] = [
      page.getByLabel('Strength'),
      page.getByLabel('Divider between before and after'),
    ]

    await page.getByRole('radio', { name: 'As taken', exact: true }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('radio', { name: 'Mono', exact: true, checked: true }).waitFor({ state: 'attached' })
    await strength.focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(async () => await strength.getAttribute('aria-valuetext')).toBe('99%')
    await divider.focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(async () => await divider.inputValue()).toBe('49')
  })

  test('looks are drawn on when the graphics card has lost everything', async () => {
    const page = await running().open(name)
    const pixels = randomPixels()
    await showInstead(page, photo, pixels)
    await beforeWorker(page, LOSING_WEBGL)
    await goToLooks(page, photo)
    await choose(page, 'Noir')
    await page.locator('.preview-after canvas.is-painted').waitFor()

    await page.evaluate(() => new BroadcastChannel('lose').postMessage('all'))
    await page.getByLabel('Strength').fill('50')

    const made = digestInLook(pixels, ours('noir', 0.5))
    await expect.poll(() => digestShown(page)).toBe(made)
  })

  test('an operator keeps a look of a file for everybody, and no more', async () => {
    const page = await running().open(name, { isOperator: true })
    await goToLooks(page, photo)
    const file = {
      name: `Of ${name}.cube`,
      mimeType: '',
      buffer: Buffer.from(toCube(turned(3), `Of ${name}`)),
    }
    await page.locator('input[type=file]').setInputFiles(file)

    await page.getByRole('button', { name: 'Keep the look' }).click()
    await page.getByRole('button', { name: 'Give it this look' }).and(page.locator(':enabled')).waitFor()
    const kept = await page.getByRole('radio', { name: `Of ${name}`, exact: true }).getAttribute('value')
    await page.getByRole('button', { name: `Keep Of ${name} no more` }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: `Keep Of ${name} no more` })
      .click()
    await page.getByRole('radio', { name: `Of ${name}`, exact: true }).waitFor({ state: 'detached' })

    expect(kept).toBe(`of-${name}`)
  })
})

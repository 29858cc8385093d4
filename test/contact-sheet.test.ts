import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { compareTiles } from '../workers/renditions/sheets/compared-tiles.ts'
import { noisyJpeg } from './support/pictures.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

test('a run is drawn as it was before and is after, with the difference', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-sheet-'))
  await using service = await startService()
  {
    await using _work = service.work()
    for (const seed of [1, 2])
      await postForm(service, photoForm(await noisyJpeg({ width: 300, height: 200 }, seed)), {
        prefer: 'wait=30',
      })
  }
  const run = await startReprocess(service, { state: 'all' })
  await complete(service, run)
  const output = join(folder.path, 'sheet.png')
  const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: service.database.url, LOG_LEVEL: 'error' }

  const { code, stderr } = await runDarkroom(['runs', 'sheet', String(run), '-o', output], env)

  expect(stderr).toBe(`${output}: the 2 of 2 photos that differ most, worst first\n`)
  expect(code).toBe(0)
  // Two rows of three tiles of 240, with a gap of 12 around each and 26 for what is written below.
  expect(await sharp(output).metadata()).toMatchObject({ width: 12 + 3 * 252, height: 12 + 2 * 278 })
})

test('what is compared is told apart by how far it is away', async () => {
  const [one, other] = [
    await noisyJpeg({ width: 300, height: 200 }, 1),
    await noisyJpeg({ width: 300, height: 200 }, 2),
  ]
  const turned = await sharp(one).rotate(90).jpeg().toBuffer()

  const [same, another, onItsSide] = await Promise.all(
    [one, other, turned].map((file) => compareTiles(one, file)),
  )

  expect(same?.difference).toBe(0)
  expect(another?.difference).toBeGreaterThan(10)
  expect(onItsSide?.difference).toBe(100)
})

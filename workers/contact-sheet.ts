import { parseArgs } from 'node:util'
import { loadConfig } from '../src/config/config.ts'
import { SetupError } from '../src/errors.ts'
import { createLog } from '../src/log.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { Photo, Rendition } from '../src/photo/photo.ts'
import { tellFailure } from '../src/process/tell-failure.ts'
import { pairOf } from '../src/reprocess/pairs.ts'
import { openServices, type Services } from '../src/services.ts'
import { type ComparedTiles, compareTiles } from './renditions/sheets/compared-tiles.ts'
import { drawSheet, type Tile } from './renditions/sheets/sheet.ts'

/** The process behind `darkroom runs sheet`: of a run's photos what was shown before, what is now, and the difference. */

/** So many photos are compared, and so many of them drawn. */
const COMPARED = 500
const DRAWN = 24

const { values } = parseArgs({ options: { run: { type: 'string' }, output: { type: 'string' } } })

try {
  const config = loadConfig(process.env)
  await using services = await openServices(config, createLog('sheet', config.logLevel), { connections: 2 })
  await writeSheet(services, Number(values.run), String(values.output))
} catch (error) {
  tellFailure(error)
}

async function writeSheet(services: Services, run: number, output: string): Promise<void> {
  const { catalog } = services
  const ids = (await catalog.aside.furthest(run, null, COMPARED)).map(({ id }) => id)
  const before = await catalog.aside.renditions(ids, run)
  const compared: (ComparedTiles & { id: string })[] = []
  for (const photo of await catalog.photos.findAll(ids)) {
    const tiles = await tilesOf(services, photo, before.get(photo.id) ?? [])
    if (tiles) compared.push({ ...tiles, id: photo.id })
  }
  const worst = compared.toSorted((a, b) => b.difference - a.difference).slice(0, DRAWN)
  const tiles = worst.flatMap(({ id, difference, before, after, map }): Tile[] => [
    { name: id, picture: before },
    { name: 'after', picture: after },
    { name: `difference ${difference.toFixed(1)}`, picture: map },
  ])
  const [first, ...others] = tiles
  if (!first) throw new SetupError(`Run ${run} put nothing aside that can be compared.`)
  await drawSheet([first, ...others], 3).toFile(output)
  process.stdout.write(
    `${output}: the ${worst.length} of ${compared.length} photos that differ most, worst first\n`,
  )
}

async function tilesOf(
  { store, presets }: Services,
  photo: Photo,
  earlier: readonly Rendition[],
): Promise<ComparedTiles | null> {
  const pair = pairOf(photo, earlier, presets)
  if (!pair) return null
  const { before: then, after: now } = pair
  const [one, other] = [then, now].map((rendition) => store.read(renditionKey(photo, rendition)))
  return await compareTiles((await one) as Buffer, (await other) as Buffer)
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { HEIF_CONVERT, heifConvert } from '../heif-convert.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { compare } from '../measure.ts'
import { phoneHeic } from '../phone-heic.ts'
import type { HeicCost, HeicQuestion } from '../processes/heic-to.ts'
import { startScript } from '../script-process.ts'

const ROUNDS = 9
const GOAL = { atLeast: 1 }

/** A HEIC photo in a warm worker against heif-convert from its start to its end. */
export const heic: Line = {
  name: 'heic',
  measure: async (bench) => {
    if (!isMeasurable('HEIC', HEIF_CONVERT)) return []
    const { home: folder } = await bench.makeHome()
    await mkdir(folder)
    const photo = join(folder, 'phone.heic')
    await writeFile(photo, await phoneHeic(await bench.photo('photo of 12 MP'), folder))
    return await heicFigures(photo, folder, bench)
  },
}

/** Of any HEIC photo, in photos per second and per CPU second. Leaves files in the folder. */
export async function heicFigures(
  photo: string,
  folder: string,
  bench: Pick<Bench, 'rounds'>,
): Promise<Figure[]> {
  await using worker = startScript<HeicQuestion, HeicCost>('heic-to.ts', [photo, folder])
  // The first photos also wait for the compiler to have seen which functions are hot.
  for (let i = 0; i < 5; i++) await worker.ask({ to: 'jpeg' })
  const measured = async (to: HeicQuestion['to'], of: keyof HeicCost) => {
    const ours = async () => 1 / (await worker.ask({ to }))[of]
    const against = async () => 1 / (await heifConvert(photo, folder))[of]
    return await compare({ ours, against }, bench.rounds(ROUNDS))
  }
  const [jpeg, pixels] = [
    'HEIC to a JPEG in full size / heif-convert',
    'HEIC for its renditions / heif-convert',
  ]
  return [
    ratio(jpeg, 'photos/s', await measured('jpeg', 'seconds'), GOAL),
    ratio(jpeg, 'photos/CPU s', await measured('jpeg', 'cpuSeconds'), GOAL),
    ratio(pixels, 'photos/s', await measured('pixels', 'seconds'), GOAL),
    ratio(pixels, 'photos/CPU s', await measured('pixels', 'cpuSeconds'), GOAL),
  ]
}

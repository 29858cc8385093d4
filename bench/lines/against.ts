import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { type Checkout, startCheckout } from '../checkout.ts'
import { HEIF_CONVERT } from '../heif-convert.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { type Comparison, compare } from '../measure.ts'
import { phoneHeic } from '../phone-heic.ts'
import { formOf } from '../upload-request.ts'

const ROUNDS = 9
const OURS = join(import.meta.dirname, '../..')

/** This checkout beside another, each as `darkroom start` runs it: what a photo costs, and how soon it is ready. */
export const against: Line = {
  name: 'against',
  measure: async (bench) => {
    if (bench.against === null) throw new Error('Name the other checkout: --against PATH')
    await using ours = await startCheckout(OURS, bench)
    await using theirs = await startCheckout(bench.against, bench)
    const beside = async (rounds: number, of: (checkout: Checkout) => Promise<number>): Promise<Comparison> =>
      await compare({ ours: () => of(ours), against: () => of(theirs) }, bench.rounds(rounds))

    const idle = await beside(1, (checkout) => checkout.idleMegabytes())
    const figures: Figure[] = [ratio('start, idle / the other checkout', 'MB', idle)]
    for (const [name, photo] of await photosOf(bench)) {
      const form = formOf(photo)
      const time = await beside(ROUNDS, (checkout) => checkout.timeToReady(form))
      const cpu = await beside(ROUNDS, (checkout) => checkout.cpuOf(form))
      figures.push(
        ratio(`${name}: last byte to ready / the other checkout`, 'ms', time),
        ratio(`${name}: all that it costs / the other checkout`, 'CPU ms', cpu),
      )
    }
    return figures
  },
}

async function photosOf(bench: Bench): Promise<[string, Buffer][]> {
  const large = await bench.photo('photo of 12 MP')
  const photos: [string, Buffer][] = [
    ['JPEG of 12 MP', await readFile(large)],
    ['JPEG of 2 MP', await readFile(await bench.photo('photo of 2 MP'))],
  ]
  if (!isMeasurable('HEIC', HEIF_CONVERT)) return photos
  return [...photos, ['HEIC of 12 MP', await phoneHeic(large, await bench.makeFolder('heic'))]]
}

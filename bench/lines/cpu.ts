import { mkdir } from 'node:fs/promises'
import { WORKER_ENV, WORKER_NODE_FLAGS } from '../../src/worker-processes.ts'
import type { Bench } from '../bench.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { compare, type Side } from '../measure.ts'
import type { PhotoName } from '../photo.ts'
import { checkAlike } from '../plain-encode.ts'
import type { Cost, CostQuestion } from '../processes/renditions-cost.ts'
import { startScript } from '../script-process.ts'
import { VIPSTHUMBNAIL, vipsthumbnailCpu } from '../vipsthumbnail.ts'

const ROUNDS = 7

/** CPU time of the renditions that make a photo ready, AVIF left out, against tools that make each from the original. */
export const cpu: Line = {
  name: 'cpu',
  measure: async (bench) => [
    ...(await measureCpu(bench, 'photo of 12 MP')),
    ...(await measureCpu(bench, 'photo of 2 MP')),
  ],
}

async function measureCpu(bench: Bench, name: PhotoName): Promise<Figure[]> {
  const photo = await bench.photo(name)
  await using worker = startScript<CostQuestion, Cost>(
    'renditions-cost.ts',
    [photo],
    WORKER_ENV,
    WORKER_NODE_FLAGS,
  )
  await using ipx = startScript<object, Cost>('ipx-cost.ts', [photo])
  checkAlike((await worker.ask({ look: null, until: 'ready' })).bytes, (await ipx.ask({})).bytes, 0.02)

  const beside = async (tool: string, against: Side) => {
    const ours = async () => (await worker.ask({ look: null, until: 'ready' })).cpuMs
    const comparison = await compare({ ours, against }, bench.rounds(ROUNDS))
    return ratio(`renditions of a ${name}, before AVIF / ${tool}`, 'CPU ms', comparison)
  }
  const figures = [await beside('ipx', async () => (await ipx.ask({})).cpuMs)]
  if (!isMeasurable('vipsthumbnail', VIPSTHUMBNAIL)) return figures
  const { home: folder } = await bench.makeHome()
  await mkdir(folder)
  return [...figures, await beside('vipsthumbnail', () => vipsthumbnailCpu(photo, folder))]
}

// What one photo's renditions in a look cost, by what a worker does between the store and the store.
import { readFile } from 'node:fs/promises'
import type { Look } from '../../src/photo/look.ts'
import { makeRenditions } from '../../workers/renditions/make-renditions.ts'
import { cpuMilliseconds } from '../measure.ts'
import { PRESETS } from '../renditions.ts'
import { answer } from '../script-process.ts'

export type CostQuestion = { look: Look | null }
/** CPU time, and the bytes of all renditions together. */
export type Cost = { cpuMs: number; bytes: number }

const MAX_PIXELS = 1e8
const original = await readFile(process.argv[2] ?? '')

answer<CostQuestion, Cost>(async ({ look }) => {
  const wish = { presets: PRESETS, stage: 'upload', look, focus: null } as const
  let bytes = 0
  const cpuMs = await cpuMilliseconds(async () => {
    const { renditions } = await makeRenditions(original, wish, { maxPixels: MAX_PIXELS })
    bytes = renditions.reduce((sum, rendition) => sum + rendition.bytes, 0)
  })
  return { cpuMs, bytes }
})

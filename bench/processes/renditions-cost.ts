// What one photo's renditions in a look cost, by what a worker does between the store and the store.
import { readFile } from 'node:fs/promises'
import { ownFilters } from '../../src/filters/filter-book.ts'
import type { Look } from '../../src/photo/look/look.ts'
import { decodePhoto } from '../../workers/renditions/decoded-photo.ts'
import { makeRenditions } from '../../workers/renditions/make-renditions.ts'
import { cpuMilliseconds } from '../measure.ts'
import { PRESETS } from '../renditions.ts'
import { answer } from '../script-process.ts'

/** `until` the photo is ready, or all of its renditions are there. */
export type CostQuestion = { look: Look | null; until: 'ready' | 'all' }
/** CPU time, and the bytes of all renditions together. */
export type Cost = { cpuMs: number; bytes: number }

const LIMITS = { maxPixels: 1e8, filters: ownFilters() }
const [path = ''] = process.argv.slice(2)

answer<CostQuestion, Cost>(async ({ look, until }) => {
  // Read anew: a decoded photo gives its memory back.
  const original = await readFile(path)
  let bytes = 0
  const cpuMs = await cpuMilliseconds(async () => {
    await using photo = await decodePhoto(original, { look, focus: null, presets: PRESETS }, LIMITS)
    for (const stage of until === 'ready' ? (['upload'] as const) : (['upload', 'after'] as const)) {
      for (const rendition of await makeRenditions(photo, { stage })) bytes += rendition.bytes
    }
    await photo.facts
  })
  return { cpuMs, bytes }
})

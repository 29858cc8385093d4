// What one photo's renditions cost by ipx, from memory, each asked for by itself. Its sharp is set up as ours is.
import { readFile } from 'node:fs/promises'
import { createIPX } from 'ipx'
import { RENDITION_FORMATS } from '../../src/photo/rendition-formats.ts'
import { readHeader } from '../../workers/renditions/read-header.ts'
import { cpuMilliseconds } from '../measure.ts'
import { readyRenditionsOf } from '../renditions.ts'
import { answer } from '../script-process.ts'
import type { Cost } from './renditions-cost.ts'

const original = await readFile(process.argv[2] ?? '')
const photo = await readHeader(original, 1e8)

// It hands sharp's own names of encoder settings on to sharp; at the usual effort WebP takes twice the time.
const { webp, jpeg } = RENDITION_FORMATS
const encoders = {
  webpEffort: webp.settings.effort,
  jpegQuantisationTable: jpeg.settings.quantisationTable,
}
const ipx = createIPX({
  storage: { name: 'memory', getMeta: () => ({}), getData: () => original },
  sharpOptions: { failOn: 'warning', ...encoders },
})

answer<object, Cost>(async () => {
  let bytes = 0
  const cpuMs = await cpuMilliseconds(async () => {
    for (const rendition of readyRenditionsOf(photo)) bytes += await render(rendition)
  })
  return { cpuMs, bytes }
})

/** It would make a box that is larger than the photo smaller than that, so it is given the size itself. */
async function render({
  preset: { fit },
  format,
  width,
  height,
}: ReturnType<typeof readyRenditionsOf>[number]): Promise<number> {
  const { quality } = RENDITION_FORMATS[format]
  const { data } = await ipx('photo.jpg', {
    resize: `${width}x${height}`,
    fit: fit === 'inside' ? 'fill' : fit,
    position: 'attention',
    autoorient: true,
    format,
    quality,
  }).process()
  return data.length
}

// Milliseconds of what comes before the first encode and can't be had smaller: one decode at the largest size.
import { readFile } from 'node:fs/promises'
import { scaledFor } from '../../src/photo/fit.ts'
import { decode } from '../../workers/renditions/decode.ts'
import { readHeader } from '../../workers/renditions/read-header.ts'
import { presetCalled } from '../renditions.ts'
import { answer } from '../script-process.ts'

const MAX_PIXELS = 1e8
const original = await readFile(process.argv[2] ?? '')

answer<object, number>(async () => {
  const startedAt = performance.now()
  const photo = await readHeader(original, MAX_PIXELS)
  await decode(photo, scaledFor(photo, presetCalled('full')), MAX_PIXELS)
  return performance.now() - startedAt
})

// The worker's whole way: the real handler on the real engines, as workers/main.ts opens them.
import { pino } from 'pino'
import { loadConfig } from '../../src/config/config.ts'
import { openServices } from '../../src/services.ts'
import { resizePhoto } from '../../workers/jobs/resize.ts'
import type { Rendered, RenderQuestion } from '../render-crew.ts'
import { answer } from '../script-process.ts'

const config = loadConfig(process.env)
const services = await openServices(config, pino({ level: 'warn' }), { connections: 2 })
// As if somebody always waited: AVIF is left to jobs that nobody does.
const queue = { enqueue: async () => {}, oldestWaiting: async () => new Date() }
const render = resizePhoto({ ...services, queue, maxPixels: config.maxPixels })

answer<RenderQuestion, Rendered[]>(async ({ photoIds }) => {
  const rendered: Rendered[] = []
  for (const photoId of photoIds) {
    await render({ kind: 'resize', photoId })
    const photo = await services.catalog.photos.find(photoId)
    if (photo?.status !== 'ready') throw new Error(`photo ${photoId} is ${photo?.status}`)
    rendered.push({ bytes: photo.renditions.reduce((sum, { bytes }) => sum + bytes, 0) })
  }
  return rendered
})

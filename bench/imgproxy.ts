import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { renditionSize } from '../src/photo/fit.ts'
import { RENDITION_FORMATS } from '../src/photo/rendition-formats.ts'
import { processorSeconds } from './process-figures.ts'
import { PRESETS } from './renditions.ts'

export const IMGPROXY = { programs: ['imgproxy'], packages: ['libvips-dev, on which its sources build'] }

const POLL_MS = 100

export type Imgproxy = AsyncDisposable & {
  /** CPU milliseconds of its process to answer for every rendition of the photo, one after the other. */
  cpuOf(photo: string): Promise<number>
}

/** On files of that folder, with our settings. */
export async function startImgproxy(folder: string): Promise<Imgproxy> {
  const port = await freePort()
  const { jpeg, avif } = RENDITION_FORMATS
  const env = {
    PATH: process.env.PATH,
    IMGPROXY_BIND: `127.0.0.1:${port}`,
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder,
    IMGPROXY_JPEG_PROGRESSIVE: 'true',
    IMGPROXY_FORMAT_QUALITY: `jpeg=${jpeg.quality},avif=${avif.quality}`,
    // Of 9, as libaom counts; sharp's effort counts from the other end.
    IMGPROXY_AVIF_SPEED: String(9 - avif.settings.effort),
    IMGPROXY_MAX_SRC_RESOLUTION: '100',
    IMGPROXY_LOG_LEVEL: 'error',
  }
  const child = spawn('imgproxy', { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(`${url}/health`).catch(() => null))?.ok) await sleep(POLL_MS)
  return {
    cpuOf: async (photo) => {
      const size = await sharp(photo).metadata()
      const before = await processorSeconds(child.pid ?? 0)
      for (const preset of PRESETS) {
        const { width, height } = renditionSize(size, preset)
        const how = preset.fit === 'cover' ? `rs:fill:${width}:${height}/g:sm` : `rs:force:${width}:${height}`
        for (const format of [...preset.upload, ...preset.after]) {
          const { extension } = RENDITION_FORMATS[format]
          const reply = await fetch(`${url}/insecure/${how}/plain/local:///${basename(photo)}@${extension}`)
          if (!reply.ok) throw new Error(`imgproxy answers ${reply.status}: ${await reply.text()}`)
          await reply.arrayBuffer()
        }
      }
      return ((await processorSeconds(child.pid ?? 0)) - before) * 1000
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
    },
  }
}

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { RENDITION_FORMATS } from '../src/photo/rendition-formats.ts'
import { readyRenditionsOf } from './renditions.ts'

export const VIPSTHUMBNAIL = { programs: ['vipsthumbnail', 'bash'], packages: ['libvips-tools'] }

const { webp, jpeg, avif } = RENDITION_FORMATS
const OPTIONS = {
  webp: `[Q=${webp.quality},effort=${webp.settings.effort},strip]`,
  jpeg: `[Q=${jpeg.quality},interlace,optimize_coding,quant_table=${jpeg.settings.quantisationTable},strip]`,
  avif: `[Q=${avif.quality},effort=${avif.settings.effort},subsample_mode=off,strip]`,
}

/** CPU milliseconds of vipsthumbnail, run for each rendition with the same size, format and settings. */
export async function vipsthumbnailCpu(photo: string, folder: string): Promise<number> {
  const commands = readyRenditionsOf(await sharp(photo).metadata()).map(
    ({ preset: { name, fit }, format, width, height }) => {
      const crop = fit === 'cover' ? '--smartcrop attention' : ''
      const to = join(folder, `${name}.${RENDITION_FORMATS[format].extension}${OPTIONS[format]}`)
      return `vipsthumbnail "$0" --size '${width}x${height}>' ${crop} --export-profile srgb -o '${to}'`
    },
  )
  // The shell's builtin tells the CPU time of its children: minutes and seconds, of them and of the kernel for them.
  const { stdout } = await promisify(execFile)('bash', ['-c', `${commands.join(' && ')} && times`, photo])
  const [user = '', system = ''] = stdout.trim().split('\n').at(-1)?.split(' ') ?? []
  return 1000 * (secondsOf(user) + secondsOf(system))
}

function secondsOf(text: string): number {
  const [, minutes = '', seconds = ''] = /^(\d+)m([\d.]+)s$/.exec(text) ?? []
  return 60 * Number(minutes) + Number(seconds)
}

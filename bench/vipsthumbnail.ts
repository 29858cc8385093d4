import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PRESETS } from '../src/photo/presets.ts'
import { READY_RENDITIONS, RENDITION_FORMATS } from '../src/photo/recipe.ts'
import { FLAT_TABLE } from './plain-encode.ts'

export const VIPSTHUMBNAIL = { programs: ['vipsthumbnail', 'bash'], packages: ['libvips-tools'] }

const { webp, jpeg } = RENDITION_FORMATS
const OPTIONS = {
  webp: `[Q=${webp.quality},effort=${webp.effort},strip]`,
  jpeg: `[Q=${jpeg.quality},interlace,optimize_coding,quant_table=${FLAT_TABLE},strip]`,
}

/** CPU milliseconds of vipsthumbnail, run for each rendition with the same size, format and settings. */
export async function vipsthumbnailCpu(photo: string, folder: string): Promise<number> {
  const commands = READY_RENDITIONS.presets.flatMap((preset) =>
    READY_RENDITIONS.formats.map((format) => {
      const { width, height, fit } = PRESETS[preset]
      const crop = fit === 'cover' ? '--smartcrop attention' : ''
      const to = join(folder, `${preset}.${RENDITION_FORMATS[format].extension}${OPTIONS[format]}`)
      return `vipsthumbnail "$0" --size '${width}x${height}>' ${crop} --export-profile srgb -o '${to}'`
    }),
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

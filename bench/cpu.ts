// node bench/cpu.ts PHOTO.jpg…: CPU seconds of one photo's renditions, beside vipsthumbnail (Debian: libvips-tools)
// run for each of them with the same sizes, formats and qualities.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { PRESETS } from '../src/photo/presets.ts'
import { READY_RENDITIONS, RENDITION_FORMATS } from '../src/photo/recipe.ts'
import { makeRenditions } from '../workers/renditions/make-renditions.ts'
import { spreadOf } from './measure.ts'

const ROUNDS = 5
const { webp, jpeg } = RENDITION_FORMATS
const OPTIONS = {
  webp: `[Q=${webp.quality},effort=${webp.effort},strip]`,
  jpeg: `[Q=${jpeg.quality},interlace,optimize_coding,quant_table=3,strip]`,
}

const folder = await mkdtemp(join(tmpdir(), 'darkroom-cpu-'))
try {
  for (const photo of process.argv.slice(2)) {
    const rounds: { ours: number; against: number }[] = []
    await ours(photo)
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({ ours: await ours(photo), against: await vipsthumbnail(photo) })
    }
    const [a, b] = [spreadOf(rounds.map((each) => each.ours)), spreadOf(rounds.map((each) => each.against))]
    const ratio = spreadOf(rounds.map((each) => each.against / each.ours)).median.toFixed(2)
    console.log(
      `${basename(photo)}: ${a.median.toFixed(2)} CPU s, vipsthumbnail ${b.median.toFixed(2)}, ratio ${ratio}`,
    )
  }
} finally {
  await rm(folder, { recursive: true })
}

async function ours(photo: string): Promise<number> {
  const before = process.cpuUsage()
  await makeRenditions(
    await readFile(photo),
    { ...READY_RENDITIONS, look: null, focus: null },
    { maxPixels: 1e8 },
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function vipsthumbnail(photo: string): Promise<number> {
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
  return secondsOf(user) + secondsOf(system)
}

function secondsOf(text: string): number {
  const [, minutes = '', seconds = ''] = /^(\d+)m([\d.]+)s$/.exec(text) ?? []
  return 60 * Number(minutes) + Number(seconds)
}

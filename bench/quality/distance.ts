import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import type { Pixels } from '../../workers/renditions/pixels.ts'

/** butteraugli's distance of what a file shows from the pixels it was made of: 0 is the same, 1 what an eye can just tell. */
export async function distanceOf(
  file: Buffer,
  { data, width, height }: Pixels,
  { folder, name }: { folder: string; name: string },
): Promise<number> {
  const [reference, shown] = [join(folder, `${name}-reference.png`), join(folder, `${name}-shown.png`)]
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(reference)
  await sharp(file).removeAlpha().png({ compressionLevel: 1 }).toFile(shown)
  const { stdout } = await promisify(execFile)('butteraugli', [reference, shown])
  return Number(stdout)
}

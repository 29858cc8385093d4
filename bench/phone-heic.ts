import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { type Coded, codedOf, gridFile } from '../fixtures/heif-file.ts'

const TILE = 512
/** Makes of the drawn photo as many bytes as a phone makes of one. */
const QUALITY = '50'

/** The photo as a phone would have stored it, in tiles of HEVC and in Display P3. Needs Debian's heif-enc. */
export async function phoneHeic(photo: string, folder: string): Promise<Buffer> {
  const { width, height } = await sharp(photo).metadata()
  const [columns, rows] = [Math.ceil(width / TILE), Math.ceil(height / TILE)]
  const [right, bottom] = [columns * TILE - width, rows * TILE - height]
  const padded = await sharp(photo).extend({ right, bottom, extendWith: 'copy' }).raw().toBuffer()
  const raw = { width: columns * TILE, height: rows * TILE, channels: 3 } as const
  const tiles: Coded[] = []
  for (let i = 0; i < columns * rows; i++) {
    const place = {
      left: (i % columns) * TILE,
      top: Math.floor(i / columns) * TILE,
      width: TILE,
      height: TILE,
    }
    tiles.push(await encoded(await sharp(padded, { raw }).extract(place).png().toBuffer(), folder))
  }
  const { icc } = await sharp(await sharp(photo).resize(1).withIccProfile('p3').png().toBuffer()).metadata()
  const about = {
    turns: 0,
    isMirrored: false,
    profile: icc ?? Buffer.alloc(0),
    exif: Buffer.alloc(0),
    auxiliaries: {},
  }
  return gridFile({ tiles, columns, tileSize: TILE, width, height, ...about })
}

async function encoded(png: Buffer, folder: string): Promise<Coded> {
  const [from, to] = [join(folder, 'tile.png'), join(folder, 'tile.heic')]
  await writeFile(from, png)
  await promisify(execFile)('heif-enc', ['-q', QUALITY, '-o', to, from])
  return codedOf(await readFile(to))
}

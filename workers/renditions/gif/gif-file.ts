import type { Crop, Size } from '../../../src/photo/fit.ts'

const [IMAGE, EXTENSION, TRAILER, PADDING] = [0x2c, 0x21, 0x3b, 0]
const [GRAPHIC_CONTROL, APPLICATION] = [0xf9, 0xff]
const LOOPING = ['NETSCAPE2.0', 'ANIMEXTS1.0']
const BLACK_AND_WHITE = Buffer.from([0, 0, 0, 255, 255, 255])

/** What becomes of a frame before the next is drawn: it stays, its place is cleared, or what it hid is back. */
export type Disposal = 'keep' | 'clear' | 'restore'

/** Where a frame lies on the canvas, its colours in RGB, and its indices to them as they are coded. */
export type GifFrame = Crop & {
  /** In milliseconds. */
  delay: number
  disposal: Disposal
  transparent: number | null
  isInterlaced: boolean
  palette: Buffer
  codeSize: number
  codes: Buffer[]
}

/** The size is that of the canvas. `loop` is how often all frames are shown; 0 is for ever. */
export type Gif = Size & { frames: GifFrame[]; loop: number }

/** Whether a file begins as a GIF. */
export function isGif(file: Buffer): boolean {
  return /^GIF8[79]a/.test(file.toString('latin1', 0, 6))
}

/**
 * What a GIF file consists of (GIF89a); no pixel is decoded. The canvas is what the file says, or the first frame's
 * where that stands out. Throws an Error when the file ends within it, or is no GIF.
 */
export function readGif(file: Buffer): Gif {
  let at = 6
  const take = (bytes: number): Buffer => {
    if (at + bytes > file.length) throw new Error('The GIF ends too early.')
    at += bytes
    return file.subarray(at - bytes, at)
  }
  const takeBlocks = (): Buffer[] => {
    const blocks: Buffer[] = []
    for (let size = take(1)[0] as number; size > 0; size = take(1)[0] as number) blocks.push(take(size))
    return blocks
  }
  const takePalette = (flags: number) => (flags & 0x80 ? take(3 * 2 ** ((flags & 7) + 1)) : null)

  const screen = take(7)
  const size = { width: screen.readUInt16LE(0), height: screen.readUInt16LE(2) }
  const common = takePalette(screen[4] as number) ?? BLACK_AND_WHITE
  const frames: GifFrame[] = []
  let loop = 1
  let control: Buffer = Buffer.alloc(4)
  // Without its last byte it is whole as well.
  while (at < file.length) {
    const kind = take(1)[0]
    if (kind === TRAILER) break
    if (kind === EXTENSION) {
      const label = take(1)[0]
      const [head = Buffer.alloc(0), data] = takeBlocks()
      if (label === GRAPHIC_CONTROL && head.length >= 4) control = head
      const isLoop = label === APPLICATION && LOOPING.includes(head.toString('latin1')) && data?.[0] === 1
      if (isLoop && data.length >= 3) loop = data.readUInt16LE(1) && data.readUInt16LE(1) + 1
    } else if (kind === IMAGE) {
      const place = take(9)
      const flags = place[8] as number
      const [left, top] = [place.readUInt16LE(0), place.readUInt16LE(2)]
      const [width, height] = [place.readUInt16LE(4), place.readUInt16LE(6)]
      const palette = takePalette(flags) ?? common
      const codeSize = take(1)[0] as number
      const frame = { left, top, width, height, isInterlaced: (flags & 0x40) > 0, palette, codeSize }
      frames.push({ ...frame, codes: takeBlocks(), ...controlOf(control) })
      control = Buffer.alloc(4)
    } else if (kind !== PADDING) throw new Error('The GIF has a block of no known kind.')
  }
  const [first] = frames
  if (!first) throw new Error('The GIF has no frame.')
  const width = Math.max(size.width, first.left + first.width)
  const height = Math.max(size.height, first.top + first.height)
  return { width, height, frames, loop }
}

function controlOf(control: Buffer): Pick<GifFrame, 'delay' | 'disposal' | 'transparent'> {
  const flags = control[0] as number
  const disposal = (flags >> 2) & 7
  return {
    delay: 10 * control.readUInt16LE(1),
    disposal: disposal === 2 ? 'clear' : disposal === 3 ? 'restore' : 'keep',
    transparent: flags & 1 ? (control[3] as number) : null,
  }
}

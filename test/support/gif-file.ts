type Frame = {
  left?: number
  top?: number
  width: number
  height: number
  /** The index that every pixel has. */
  index: number
  /** 0 to 3. */
  disposal?: number
  transparent?: number
  delay?: number
}

/** Red, green, blue and white. */
const PALETTE = [230, 30, 30, 30, 180, 40, 30, 50, 220, 255, 255, 255]
const CODE_SIZE = 2
const CLEAR = 1 << CODE_SIZE

/** A GIF of frames of one colour each. Without `loop` it is shown once. */
export function gifFile(
  screen: { width: number; height: number },
  frames: readonly Frame[],
  loop?: number,
): Buffer {
  const looping =
    loop === undefined ? [] : [0x21, 0xff, 11, ...Buffer.from('NETSCAPE2.0'), 3, 1, ...u16(loop), 0]
  return Buffer.from([
    ...Buffer.from('GIF89a'),
    ...[...u16(screen.width), ...u16(screen.height), 0x91, 0, 0],
    ...PALETTE,
    ...looping,
    ...frames.flatMap(bytesOf),
    0x3b,
  ])
}

function bytesOf(frame: Frame): number[] {
  const { left = 0, top = 0, width, height, index, disposal = 0, transparent, delay = 100 } = frame
  const flags = (disposal << 2) | (transparent === undefined ? 0 : 1)
  const control = [0x21, 0xf9, 4, flags, ...u16(delay / 10), transparent ?? 0, 0]
  const place = [0x2c, ...u16(left), ...u16(top), ...u16(width), ...u16(height), 0]
  return [...control, ...place, CODE_SIZE, ...blocks(packed(width * height, index)), 0]
}

/** Codes of three bits, cleared before they could grow. */
function packed(pixels: number, index: number): number[] {
  const codes: number[] = []
  for (let i = 0; i < pixels; i++) codes.push(...(i % 2 === 0 ? [CLEAR] : []), index)
  codes.push(CLEAR + 1)
  const bytes: number[] = []
  let [bits, count] = [0, 0]
  for (const code of codes) {
    bits |= code << count
    count += CODE_SIZE + 1
    for (; count >= 8; count -= 8, bits >>= 8) bytes.push(bits & 255)
  }
  return count > 0 ? [...bytes, bits & 255] : bytes
}

function blocks(bytes: readonly number[]): number[] {
  const out: number[] = []
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.slice(at, at + 255)
    out.push(block.length, ...block)
  }
  return out
}

function u16(value: number): number[] {
  return [value & 255, value >> 8]
}

/** Primaries as XYZ under D50, and the exponent of the tone curve. */
type RgbSpace = { red: Xyz; green: Xyz; blue: Xyz; gamma: number }
type Xyz = readonly [number, number, number]

/** Adobe RGB (1998), and ROMM RGB as it is known as ProPhoto; each without the linear piece near black. */
export const ADOBE_RGB: RgbSpace = {
  red: [0.60974, 0.31111, 0.01947],
  green: [0.20528, 0.62567, 0.06087],
  blue: [0.14919, 0.06322, 0.74457],
  gamma: 563 / 256,
}
export const PROPHOTO: RgbSpace = {
  red: [0.79767, 0.28804, 0],
  green: [0.13519, 0.71188, 0],
  blue: [0.03134, 0.00009, 0.82521],
  gamma: 1.8,
}

const D50: Xyz = [0.9642, 1, 0.82491]

/** A profile of that space, as small as one can be (ICC.1:2001-04). */
export function rgbProfile(name: string, { red, green, blue, gamma }: RgbSpace): Buffer {
  return profile('RGB ', [
    ['desc', description(name)],
    ['wtpt', xyz(D50)],
    ['rXYZ', xyz(red)],
    ['gXYZ', xyz(green)],
    ['bXYZ', xyz(blue)],
    ['rTRC', curve(gamma)],
    ['gTRC', curve(gamma)],
    ['bTRC', curve(gamma)],
    ['cprt', text('none')],
  ])
}

export function greyProfile(name: string, gamma: number): Buffer {
  return profile('GRAY', [
    ['desc', description(name)],
    ['wtpt', xyz(D50)],
    ['kTRC', curve(gamma)],
    ['cprt', text('none')],
  ])
}

/**
 * A profile of a press whose 16 solids, from no ink at all to all four at once, have these colours of CIELAB under
 * D50; cyan changes slowest, black fastest.
 */
export function cmykProfile(name: string, solids: readonly Xyz[]): Buffer {
  return profile(
    'CMYK',
    [
      ['desc', description(name)],
      ['wtpt', xyz(D50)],
      ['A2B0', inkTable(solids)],
      ['cprt', text('none')],
    ],
    { kind: 'prtr', connection: 'Lab ' },
  )
}

/** CIELAB under D50 of an 8-bit sRGB colour. */
export function labD50([red = 0, green = 0, blue = 0]: readonly number[]): Xyz {
  const [r, g, b] = [red, green, blue].map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  const f = (value: number) => (value > 216 / 24389 ? Math.cbrt(value) : ((24389 / 27) * value + 16) / 116)
  // The primaries of sRGB under D50, as IEC 61966-2-1's profile has them.
  const x = f((0.43607 * r + 0.38515 * g + 0.14307 * b) / D50[0])
  const y = f(0.22249 * r + 0.71687 * g + 0.06061 * b)
  const z = f((0.01392 * r + 0.09708 * g + 0.7141 * b) / D50[2])
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

function profile(
  space: string,
  tags: readonly (readonly [name: string, body: Buffer])[],
  { kind, connection } = { kind: 'mntr', connection: 'XYZ ' },
): Buffer {
  const table = Buffer.alloc(4 + 12 * tags.length)
  table.writeUInt32BE(tags.length)
  let at = 128 + table.length
  for (const [i, [name, body]] of tags.entries()) {
    table.write(name, 4 + 12 * i, 'latin1')
    table.writeUInt32BE(at, 8 + 12 * i)
    table.writeUInt32BE(body.length, 12 + 12 * i)
    at += body.length
  }
  const head = Buffer.alloc(128)
  head.writeUInt32BE(at)
  head.writeUInt32BE(0x02400000, 8)
  head.write(`${kind}${space}${connection}`, 12, 'latin1')
  head.write('acsp', 36, 'latin1')
  for (const [i, value] of D50.entries()) head.writeInt32BE(fixed(value), 68 + 4 * i)
  return Buffer.concat([head, table, ...tags.map(([, body]) => body)])
}

function xyz(values: Xyz): Buffer {
  const body = Buffer.alloc(20)
  body.write('XYZ ', 'latin1')
  for (const [i, value] of values.entries()) body.writeInt32BE(fixed(value), 8 + 4 * i)
  return body
}

function curve(gamma: number): Buffer {
  const body = Buffer.alloc(16)
  body.write('curv', 'latin1')
  body.writeUInt32BE(1, 8)
  body.writeUInt16BE(Math.round(gamma * 256), 12)
  return body
}

/** A lut16Type with nothing but the corners of the ink cube. */
function inkTable(solids: readonly Xyz[]): Buffer {
  const head = Buffer.alloc(52)
  head.write('mft2', 'latin1')
  head.set([4, 3, 2], 8)
  for (const diagonal of [0, 4, 8]) head.writeInt32BE(fixed(1), 12 + 4 * diagonal)
  head.writeUInt16BE(2, 48)
  head.writeUInt16BE(2, 50)
  const straight = [0, 65_535]
  const words = [
    ...[straight, straight, straight, straight].flat(),
    ...solids.flatMap(([l, a, b]) => [l * 652.8, (a + 128) * 256, (b + 128) * 256]),
    ...[straight, straight, straight].flat(),
  ]
  const body = Buffer.alloc(2 * words.length)
  for (const [i, word] of words.entries()) body.writeUInt16BE(Math.round(word), 2 * i)
  return Buffer.concat([head, body])
}

function description(name: string): Buffer {
  const body = Buffer.alloc(Math.ceil((12 + name.length + 1 + 78) / 4) * 4)
  body.write('desc', 'latin1')
  body.writeUInt32BE(name.length + 1, 8)
  body.write(name, 12, 'latin1')
  return body
}

function text(words: string): Buffer {
  return Buffer.concat([Buffer.from('text\0\0\0\0', 'latin1'), Buffer.from(words.padEnd(8, '\0'), 'latin1')])
}

function fixed(value: number): number {
  return Math.round(value * 65_536)
}

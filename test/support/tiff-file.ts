type Options = {
  width: number
  height: number
  bits: number
  /** 1 is grey, 2 is RGB. */
  photometric: number
  extraSamples?: readonly number[]
  /** Other than these. */
  channels?: number
  sampleFormat?: number
  isBigEndian?: boolean
  isLarge?: boolean
  /** Other fields, of whole numbers. */
  fields?: Readonly<Record<number, readonly number[]>>
}

/** A TIFF that is not compressed, its directory behind its pixels; `isLarge` is BigTIFF. */
export function tiffFile(samples: Buffer, options: Options): Buffer {
  const {
    width,
    height,
    bits,
    photometric,
    extraSamples = [],
    isBigEndian = false,
    isLarge = false,
  } = options
  const channels = options.channels ?? (photometric === 2 ? 3 : 1) + extraSamples.length
  const word = isLarge ? 8 : 4
  const number = (value: number, bytes: number) => {
    const buffer = Buffer.alloc(8)
    if (isBigEndian) buffer.writeBigUInt64BE(BigInt(value))
    else buffer.writeBigUInt64LE(BigInt(value))
    return isBigEndian ? buffer.subarray(8 - bytes) : buffer.subarray(0, bytes)
  }
  const start = isLarge ? 16 : 8
  const values: Record<number, readonly number[]> = {
    256: [width],
    257: [height],
    258: Array(channels).fill(bits),
    259: [1],
    262: [photometric],
    273: [start],
    277: [channels],
    278: [height],
    279: [samples.length],
    ...(extraSamples.length > 0 && { 338: extraSamples }),
    ...(options.sampleFormat && { 339: Array(channels).fill(options.sampleFormat) }),
    ...options.fields,
  }
  const tags = Object.keys(values).map(Number)
  const directoryStart = start + samples.length
  let end = directoryStart + (isLarge ? 8 : 2) + tags.length * (4 + 2 * word) + word
  const behind: Buffer[] = []
  const entries = tags.map((tag) => {
    // All are LONG.
    const value = Buffer.concat((values[tag] ?? []).map((each) => number(each, 4)))
    const head = [number(tag, 2), number(4, 2), number(value.length / 4, word)]
    if (value.length <= word) return Buffer.concat([...head, value, Buffer.alloc(word - value.length)])
    behind.push(value)
    end += value.length
    return Buffer.concat([...head, number(end - value.length, word)])
  })
  return Buffer.concat([
    Buffer.from(isBigEndian ? 'MM' : 'II'),
    number(isLarge ? 43 : 42, 2),
    ...(isLarge ? [number(8, 2), number(0, 2)] : []),
    number(directoryStart, word),
    samples,
    number(tags.length, isLarge ? 8 : 2),
    ...entries,
    number(0, word),
    ...behind,
  ])
}

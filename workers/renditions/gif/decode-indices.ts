const MAX_CODES = 4096

/**
 * The indices of a frame to its palette, row by row as they are coded: LZW with codes that grow (GIF89a, appendix
 * F). Throws an Error when one is missing or can't be.
 */
export function decodeIndices(codes: readonly Buffer[], codeSize: number, pixels: number): Uint8Array {
  if (codeSize < 1 || codeSize > 8) throw new Error('The GIF has codes of no possible size.')
  const data = Buffer.concat(codes)
  const indices = new Uint8Array(pixels)
  const prefix = new Uint16Array(MAX_CODES)
  const suffix = new Uint8Array(MAX_CODES)
  const lengths = new Uint16Array(MAX_CODES)
  const clear = 1 << codeSize
  for (let code = 0; code < clear; code++) {
    suffix[code] = code
    lengths[code] = 1
  }

  let [bits, bitCount, from, to] = [0, 0, 0, 0]
  let [width, next, previous] = [codeSize + 1, clear + 2, -1]
  while (to < pixels) {
    while (bitCount < width) {
      if (from === data.length) throw new Error('The GIF has a frame with pixels missing.')
      bits |= (data[from++] as number) << bitCount
      bitCount += 8
    }
    const code = bits & ((1 << width) - 1)
    bits >>>= width
    bitCount -= width

    if (code === clear) {
      width = codeSize + 1
      next = clear + 2
      previous = -1
      continue
    }
    if (code === clear + 1) throw new Error('The GIF has a frame with pixels missing.')
    const isNew = code === next && previous >= 0
    if (code > next || (code === next && !isNew) || (previous < 0 && code >= clear)) {
      throw new Error('The GIF has a code that means nothing.')
    }

    // Written from its end. A new one is the one before with its own first index behind.
    const source = isNew ? previous : code
    const length = lengths[source] as number
    let index = source
    for (let place = to + length - 1; place >= to; place--) {
      if (place < pixels) indices[place] = suffix[index] as number
      index = prefix[index] as number
    }
    const first = indices[to] as number
    if (isNew && to + length < pixels) indices[to + length] = first
    to += isNew ? length + 1 : length

    if (previous >= 0 && next < MAX_CODES) {
      prefix[next] = previous
      suffix[next] = first
      lengths[next] = (lengths[previous] as number) + 1
      next += 1
      if (next === 1 << width && width < 12) width += 1
    }
    previous = code
  }
  return indices
}

/** A picture in a HEIF file (HEIC, AVIF), or what lies beside one. */
export type HeifItem = { id: number; type: string; properties: Box[] }

/** `name` points from an item to others: `auxl` to what it belongs to, `dimg` to what it is made of. */
export type Reference = { name: string; from: number; to: number[] }

export type HeifItems = {
  /** Of the picture. */
  primary: number
  items: Map<number, HeifItem>
  references: Reference[]
  /** The bytes of an item; null where they are not simply in the file. */
  dataOf(id: number): Buffer | null
}

export type Box = { type: string; body: Buffer; start: number }

/** What the container of a HEIF file lists (ISO/IEC 14496-12 and 23008-12). Null for a file that is none, or broken. */
export function readHeifItems(file: Buffer): HeifItems | null {
  return unlessBroken(() => itemsOf(file))
}

/** Whether the file has a film, whatever else is in it. */
export function hasFilm(file: Buffer): boolean {
  return unlessBroken(() => boxesIn(file, 0).some(({ type }) => type === 'moov')) ?? false
}

/** Null where numbers point behind the end. */
function unlessBroken<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function itemsOf(file: Buffer): HeifItems | null {
  const meta = boxesIn(file, 0).find(({ type }) => type === 'meta')
  if (!meta) return null
  const boxes = new Map(boxesIn(meta.body.subarray(4), meta.start + 4).map((box) => [box.type, box]))
  const [pitm, iinf, iprp] = [boxes.get('pitm'), boxes.get('iinf'), boxes.get('iprp')]
  if (!pitm || !iinf || !iprp) return null
  const types = itemTypes(iinf)
  const properties = itemProperties(iprp)
  const [iloc, iref, idat] = [boxes.get('iloc'), boxes.get('iref'), boxes.get('idat')]
  const items = [...types].map(([id, type]) => ({ id, type, properties: properties.get(id) ?? [] }))
  return {
    primary: pitm.body.readUIntBE(4, pitm.body[0] === 0 ? 2 : 4),
    items: new Map(items.map((item) => [item.id, item])),
    references: iref ? referencesIn(iref) : [],
    dataOf: (id) => (iloc ? unlessBroken(() => dataAt(iloc, id, file, idat?.body)) : null),
  }
}

/** `start` of each is where its body begins in the file. */
function boxesIn(bytes: Buffer, offset: number): Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at)
    const isLong = size === 1
    const head = isLong ? 16 : 8
    const length = isLong ? Number(bytes.readBigUInt64BE(at + 8)) : size || bytes.length - at
    if (length < head) break
    const body = bytes.subarray(at + head, at + length)
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), body, start: offset + at + head })
    at += length
  }
  return boxes
}

function itemTypes({ body, start }: Box): Map<number, string> {
  const entries = boxesIn(body.subarray(body[0] === 0 ? 6 : 8), start)
  return new Map(
    entries.flatMap(({ type, body }): [number, string][] => {
      if (type !== 'infe' || (body[0] as number) < 2) return []
      const bytes = body[0] === 2 ? 2 : 4
      return [[body.readUIntBE(4, bytes), body.toString('latin1', 6 + bytes, 10 + bytes)]]
    }),
  )
}

function itemProperties({ body, start }: Box): Map<number, Box[]> {
  const parts = boxesIn(body, start)
  const all = parts.filter(({ type }) => type === 'ipco').flatMap((box) => boxesIn(box.body, box.start))
  const found = new Map<number, Box[]>()
  for (const { type, body } of parts) {
    if (type !== 'ipma') continue
    const read = reader(body, 8)
    const [idBytes, isWide] = [body[0] === 0 ? 2 : 4, ((body[3] as number) & 1) === 1]
    for (let left = body.readUInt32BE(4); left > 0; left--) {
      const id = read(idBytes)
      const properties = found.get(id) ?? []
      found.set(id, properties)
      for (let count = read(1); count > 0; count--) {
        const property = all[(isWide ? read(2) & 0x7fff : read(1) & 0x7f) - 1]
        if (property) properties.push(property)
      }
    }
  }
  return found
}

function referencesIn({ body, start }: Box): Reference[] {
  const bytes = body[0] === 0 ? 2 : 4
  return boxesIn(body.subarray(4), start + 4).map(({ type, body }) => {
    const read = reader(body, 0)
    const from = read(bytes)
    return { name: type, from, to: Array.from({ length: read(2) }, () => read(bytes)) }
  })
}

function dataAt({ body }: Box, wanted: number, file: Buffer, idat: Buffer | undefined): Buffer | null {
  const version = body[0] as number
  const sizes = body.readUInt16BE(4)
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexBytes = version === 0 ? 0 : sizes & 15
  // Else a few bytes could name very many parts.
  if (offsetBytes === 0 || lengthBytes === 0) return null
  const idBytes = version < 2 ? 2 : 4
  const read = reader(body, 6)
  for (let left = read(idBytes); left > 0; left--) {
    const id = read(idBytes)
    const method = version === 0 ? 0 : read(2) & 15
    const source = [file, idat][method]
    read(2) // which file: this one
    const base = read(baseBytes)
    const extents = Array.from({ length: read(2) }, () => {
      read(indexBytes)
      const at = base + read(offsetBytes)
      return { at, length: read(lengthBytes) }
    })
    if (id !== wanted) continue
    const total = extents.reduce((sum, { length }) => sum + length, 0)
    if (!source || total > source.length) return null
    return Buffer.concat(extents.map(({ at, length }) => source.subarray(at, at + length)))
  }
  return null
}

/** Reads big-endian numbers one behind the other. */
function reader(bytes: Buffer, start: number): (length: number) => number {
  let at = start
  return (length) => {
    at += length
    if (length === 8) return Number(bytes.readBigUInt64BE(at - 8))
    return length === 0 ? 0 : bytes.readUIntBE(at - length, length)
  }
}

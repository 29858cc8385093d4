import { type HeifItem, readHeifItems } from '../heif-items.ts'
import { type ColorSpace, codedSpace } from './color-space.ts'

/** How the primary picture of a HEIF file stores colours; `space` is null for sRGB. */
export function heifColor(file: Buffer): { space: ColorSpace | null; isPremultiplied: boolean } {
  const heif = readHeifItems(file)
  if (!heif) return { space: null, isPremultiplied: false }
  const id = heif.primary
  // A grid's tiles say it where the grid does not.
  const tiles = heif.references.find(({ name, from }) => name === 'dimg' && from === id)?.to ?? []
  const nclx = nclxOf(heif.items.get(id)) ?? nclxOf(heif.items.get(tiles[0] ?? id))
  return {
    space: nclx && codedSpace({ primaries: nclx.readUInt16BE(4), transfer: nclx.readUInt16BE(6) }),
    isPremultiplied: heif.references.some(({ name, from }) => name === 'prem' && from === id),
  }
}

function nclxOf(item: HeifItem | undefined): Buffer | null {
  const bodies = item?.properties.filter(({ type }) => type === 'colr').map(({ body }) => body) ?? []
  return bodies.find((body) => body.length >= 8 && body.toString('latin1', 0, 4) === 'nclx') ?? null
}

import { UnsupportedPhotoError } from '../../../src/errors.ts'
import { type HeifItems, hasFilm, readHeifItems } from './heif-items.ts'

/** Where the brand stands that a file is of first. */
const MAJOR_BRAND = 8
/** What a picture may be made of, other pictures: a grid of them, one that is turned, one on the other. */
const DERIVED = ['grid', 'iden', 'iovl']
const MAX_DEPTH = 4
/** Those that libvips takes for HEIF. Of moving AVIF and of MIAF's profiles it knows nothing. */
const KNOWN_BRANDS = {
  hvc1: /^(?:hei[cxms]|hev[cms]|mif1|msf1)$/,
  av01: /^avif$/,
} as const
const PLAIN_BRANDS = { hvc1: 'heic', av01: 'avif' } as const
type Coding = keyof typeof KNOWN_BRANDS

/**
 * A HEIF file as libvips takes it, whatever its brands, and whether its picture is in HEVC; of one that moves, the
 * picture that stands for it. Others come back as they are. Throws UnsupportedPhotoError for a film without a picture,
 * and when the picture is in another coding than HEVC or AV1.
 */
export function plainHeif(original: Buffer): { file: Buffer; isHeic: boolean } {
  const isHeif = original.toString('latin1', 4, 8) === 'ftyp'
  const heif = isHeif ? readHeifItems(original) : null
  if (isHeif && !heif && hasFilm(original)) throw new UnsupportedPhotoError('a film')
  if (!heif) return { file: original, isHeic: false }
  const type = codingOf(heif, heif.primary)
  // Damaged: the decoder will say so.
  if (type === null) return { file: original, isHeic: false }
  if (!isKnown(type)) throw new UnsupportedPhotoError(`a HEIF file coded as "${type}"`)
  const isHeic = type === 'hvc1'
  const brand = original.toString('latin1', MAJOR_BRAND, MAJOR_BRAND + 4)
  if (KNOWN_BRANDS[type].test(brand)) return { file: original, isHeic }
  const file = Buffer.from(original)
  file.write(PLAIN_BRANDS[type], MAJOR_BRAND, 'latin1')
  return { file, isHeic }
}

function isKnown(type: string): type is Coding {
  return type in KNOWN_BRANDS
}

/** The type of the first picture that is coded, not made of others. */
function codingOf(heif: HeifItems, id: number, depth = 0): string | null {
  const type = heif.items.get(id)?.type ?? null
  if (type === null || !DERIVED.includes(type) || depth === MAX_DEPTH) return type
  const [part] = heif.references.find(({ name, from }) => name === 'dimg' && from === id)?.to ?? []
  return part === undefined ? null : codingOf(heif, part, depth + 1)
}

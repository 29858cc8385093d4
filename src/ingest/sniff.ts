import { fileTypeFromBuffer } from 'file-type'
import { UnsupportedFormatError } from '../errors.ts'
import type { FormatName } from '../photo/formats.ts'

/** What a format is told by lies in far fewer; file-type asks for as many to name what is refused. */
export const SNIFF_BYTES = 4100

/** Each format's first bytes, in Latin 1. TIFF has a younger kind for large files; Canon's raw photos look like it. */
const SIGNATURES: readonly [FormatName, RegExp][] = [
  ['jpeg', /^\xff\xd8\xff[^\xf7]/s],
  ['png', /^\x89PNG\r\n.\n/s],
  ['gif', /^GIF8[79]a/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['tiff', /^(?:II\*\0(?!.{4}CR)|II\+\0|MM\0[*+])/s],
]

/**
 * What the brands of a HEIF file say (ISO/IEC 23008-12, MIAF, AVIF). The general ones, last, leave the coding open:
 * it is mostly HEVC, and the worker tells when it is not.
 */
const BRANDS: readonly [FormatName, RegExp][] = [
  ['avif', /^(?:avif|avis|MA1A|MA1B)$/],
  ['heic', /^(?:hei[cxms]|hev[cxms]|MiH[ABE])$/],
  ['heic', /^(?:mif[12]|msf1|miaf|MiPr)$/],
]

/**
 * The format that the first SNIFF_BYTES tell, whatever the name or the declared type. Throws
 * UnsupportedFormatError.
 */
export async function sniff(head: Buffer): Promise<FormatName> {
  const start = head.toString('latin1', 0, 16)
  const found = SIGNATURES.find(([, signature]) => signature.test(start))?.[0] ?? heifFormat(head)
  if (found) return found
  throw new UnsupportedFormatError((await fileTypeFromBuffer(head))?.mime ?? null)
}

/** Of a file that begins with its brands: which it is of first, then those it can be read as. */
function heifFormat(head: Buffer): FormatName | null {
  if (head.toString('latin1', 4, 8) !== 'ftyp') return null
  const end = Math.min(head.readUInt32BE(0), head.length)
  const brands: string[] = []
  // The second word is a version.
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) brands.push(head.toString('latin1', at, at + 4))
  for (const [format, pattern] of BRANDS) if (brands.some((brand) => pattern.test(brand))) return format
  return null
}

import { fileTypeFromBuffer } from 'file-type'
import { UnsupportedFormatError } from '../errors.ts'
import { type FormatName, formatOfExtension } from '../photo/formats.ts'

/** As many first bytes as file-type asks for. */
export const SNIFF_BYTES = 4100

/** The format that the first bytes tell, whatever the name or the declared type. Throws UnsupportedFormatError. */
export async function sniff(head: Buffer): Promise<FormatName> {
  const found = await fileTypeFromBuffer(head)
  const extension = found?.ext === 'apng' ? 'png' : (found?.ext ?? '')
  const format = formatOfExtension(extension)
  if (!format) throw new UnsupportedFormatError(found?.mime ?? null)
  return format
}

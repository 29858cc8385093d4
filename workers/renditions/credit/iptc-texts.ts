import type { Credit } from './credit.ts'
import { decodeText } from './decode-text.ts'

const [BY_LINE, COPYRIGHT_NOTICE] = [80, 116]

/** By-line and copyright notice of IPTC's Information Interchange Model, bare or within Photoshop's resources. */
export function iptcTexts(block: Buffer): Credit {
  return { artist: texts(block, BY_LINE).join('; '), copyright: texts(block, COPYRIGHT_NOTICE).join('; ') }
}

/** A dataset is a marker, its record and number, and two bytes of length (IIM 4.2, 1.5). */
function texts(block: Buffer, dataset: number): string[] {
  const marker = Buffer.from([0x1c, 2, dataset])
  const found: string[] = []
  for (let at = block.indexOf(marker); at >= 0 && at + 5 <= block.length; at = block.indexOf(marker, at)) {
    const end = at + 5 + block.readUInt16BE(at + 3)
    found.push(decodeText(block.subarray(at + 5, end)))
    at = end
  }
  return found
}

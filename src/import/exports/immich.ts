import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { XMLParser } from 'fast-xml-parser'
import { type Facts, NO_FACTS, skipped } from '../line.ts'
import { nameOf, splitName, type TreeFile } from '../trees/tree.ts'
import { parseWrittenTime } from '../written-time.ts'
import type { Export } from './export.ts'
import { foldersOf } from './folders.ts'
import { fieldsOf, textOf } from './read-json.ts'

const MARK =
  /(?:^|\/)(?:(?:library|upload|thumbs|profile|backups)\/\.immich$|encoded-video\/|(?:upload|thumbs)\/[^/]+\/[0-9a-f]{2}\/[0-9a-f]{2}\/)/
/** What Immich made itself, beside the folders of what was uploaded; in those people may have albums of such names. */
const MADE = /^(?:(?!(?:library|upload)\/)[^/]+\/)*?(?:thumbs|encoded-video|profile|backups)\//
const MAX_SIDECAR_BYTES = 4 * 1024 * 1024

/**
 * The folder in which Immich keeps what was uploaded. A picture's sidecar in XMP tells the time and the description that
 * its owner gave it.
 */
export const immich: Export = {
  name: 'immich',
  isMark: ({ path }) => MARK.test(path),
  lines: async function* (tree) {
    for await (const files of foldersOf(tree)) {
      if ('kind' in files) {
        yield files
        continue
      }
      const sidecars = new Map(
        files.filter(isSidecar).map((file) => [splitName(nameOf(file.path)).stem.toLowerCase(), file]),
      )
      for (const file of files) {
        const name = nameOf(file.path).toLowerCase()
        if (MADE.test(file.path)) yield skipped(file.path, 'rendition', 'Immich made it.')
        else if (!isSidecar(file) && name !== '.immich') {
          // `NAME.EXT.xmp`, or `NAME.xmp`.
          const sidecar = sidecars.get(name) ?? sidecars.get(splitName(name).stem)
          yield { kind: 'file', file, facts: sidecar ? await readXmp(sidecar) : NO_FACTS }
        }
      }
    }
  },
}

function isSidecar({ path }: TreeFile): boolean {
  return /\.xmp$/i.test(path)
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  processEntities: true,
})

/** The time and the words of a sidecar. Its positions, faces and keywords stay where they are. */
async function readXmp(file: TreeFile): Promise<Facts> {
  if (file.size > MAX_SIDECAR_BYTES) return NO_FACTS
  try {
    const { 'x:xmpmeta': meta } = parser.parse(await text(Readable.from(file.open())))
    const described = fieldsOf(fieldsOf(meta)['rdf:RDF'])['rdf:Description']
    const fields = Object.assign({}, ...[described].flat().map(fieldsOf))
    const written =
      textOf(fields['exif:DateTimeOriginal']) ??
      textOf(fields['photoshop:DateCreated']) ??
      textOf(fields['xmp:CreateDate'])
    return {
      ...NO_FACTS,
      postedAt: written === null ? null : parseWrittenTime(written),
      alt: wordsOf(fields['dc:description']) ?? wordsOf(fields['tiff:ImageDescription']),
    }
  } catch {
    return NO_FACTS
  }
}

/** Of a text in several languages the first, which is the default. */
function wordsOf(value: unknown): string | null {
  const item = [fieldsOf(fieldsOf(value)['rdf:Alt'])['rdf:li']].flat()[0]
  return textOf(value) ?? textOf(item) ?? textOf(fieldsOf(item)['#text'])
}

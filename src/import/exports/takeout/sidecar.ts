import { nameOf, type TreeFile } from '../../trees/tree.ts'
import { fieldsOf, readJson, textOf, timeOf } from '../read-json.ts'

/** More than any that is about one picture. */
const MAX_BYTES = 1024 * 1024

/** What Takeout writes beside a picture, without positions, people and devices: those stay where they are. */
export type Sidecar = {
  file: TreeFile
  /** Of the file, in NFC. */
  name: string
  /** The whole name of the picture, which its own may be cut from; in NFC. */
  title: string
  takenAt: Date | null
  description: string | null
  isTrashed: boolean
  /** Kept out of the timeline. */
  isHidden: boolean
  /** Somebody else's, who shares all of theirs. */
  isPartners: boolean
}

/** A file's sidecar; `other` when it is of something else, such as an album, and `malformed` when it is no JSON. */
export async function readSidecar(file: TreeFile): Promise<Sidecar | 'album' | 'other' | 'malformed'> {
  if (file.size > MAX_BYTES) return 'other'
  const json = await readJson(file)
  if (json === undefined) return 'malformed'
  const { photoTakenTime, title, description, ...more } = fieldsOf(json)
  if (photoTakenTime === undefined)
    return title !== undefined || more.albumData !== undefined ? 'album' : 'other'
  return {
    file,
    name: nameOf(file.path),
    title: (textOf(title) ?? '').normalize(),
    takenAt: timeOf(fieldsOf(photoTakenTime).timestamp),
    description: textOf(description) ?? textOf(more.caption),
    isTrashed: more.trashed === true,
    isHidden: more.archived === true || more.inLockedFolder === true,
    isPartners: fieldsOf(more.googlePhotosOrigin).fromPartnerSharing !== undefined,
  }
}

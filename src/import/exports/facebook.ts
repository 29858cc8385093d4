import { SetupError } from '../../errors.ts'
import { type Facts, type Line, NO_FACTS, skipped } from '../line.ts'
import { isFile, nameOf, splitName, type Tree, type TreeFile } from '../trees/tree.ts'
import type { Export } from './export.ts'
import { type Listed, listedLines, unlistedLines } from './listed-lines.ts'
import { mendText } from './mend-text.ts'
import { NamedFiles } from './named-files.ts'
import { fieldsOf, listOf, readJson, textOf, timeOf } from './read-json.ts'

type Fields = Readonly<Record<string, unknown>>
/** A picture, and whether its caption and its time are its own; else they are those of a post, and of when it was sent. */
type Told = Listed & { isDescribed: boolean; isTaken: boolean }

const LIST =
  /(?:^|\/)posts\/(?:your_posts(?:__check_ins__photos_and_videos)?_\d+|your_uncategorized_photos|album\/\d+)\.json$/
const HTML = /(?:^|\/)posts\/(?:your_posts[^/]*_\d+|your_photos|album\/\d+)\.html$/
/** Where pictures of posts lie. */
const POSTS = /(?:^|\/)(?:posts\/media|photos_and_videos)\//

/**
 * Facebook: lists of posts and of albums in JSON, and pictures that either names, or both. What a post is headed with
 * ("… added a photo") is Facebook's, and no caption.
 */
export const facebook: Export = {
  name: 'facebook',
  isMark: ({ path }) => LIST.test(path) || HTML.test(path),
  lines: async function* (tree) {
    const files = yield* filesOf(tree)
    const listed = new Map<string, Told>()
    for (const list of files.filter(({ path }) => LIST.test(path))) {
      const json = await readJson(list)
      if (json === undefined) yield skipped(list.path, 'malformed_list', 'The list is damaged.')
      for (const picture of picturesOf(json, list)) {
        const known = listed.get(picture.uri)
        listed.set(picture.uri, known ? merged(known, picture) : picture)
      }
    }
    const named = new NamedFiles(files)
    yield* listedLines([...listed.values()], named)
    for (const file of files) if (!named.isClaimed(file)) yield* unlistedLines(file, POSTS, idOf)
  },
}

async function* filesOf(tree: Tree): AsyncGenerator<Line, TreeFile[]> {
  const files: TreeFile[] = []
  for await (const entry of tree.files()) {
    if (isFile(entry)) files.push(entry)
    else yield entry
  }
  if (!files.some(({ path }) => LIST.test(path))) {
    throw new SetupError(
      'This export is in HTML, which does not say what belongs together. Ask Facebook for it again, in the format JSON.',
    )
  }
  return files
}

function picturesOf(json: unknown, list: TreeFile): Told[] {
  const album = fieldsOf(json)
  if (Array.isArray(album.photos))
    return [...album.photos, album.cover_photo].flatMap((photo) => pictureOf(fieldsOf(photo), {}, list))
  const posts = Array.isArray(json) ? json : Object.values(album).flatMap(listOf)
  return posts.flatMap((post) => {
    const fields = fieldsOf(post)
    if (textOf(fields.uri)) return pictureOf(fields, {}, list)
    const attached = listOf(fields.attachments).flatMap((attachment) => listOf(fieldsOf(attachment).data))
    return attached.flatMap((data) => pictureOf(fieldsOf(fieldsOf(data).media), fields, list))
  })
}

/** None of what is no picture, such as a link; a picture's position and the device it came from stay where they are. */
function pictureOf(media: Fields, post: Fields, list: TreeFile): Told[] {
  const uri = textOf(media.uri)
  if (uri === null) return []
  const exif = fieldsOf(listOf(fieldsOf(fieldsOf(media.media_metadata).photo_metadata).exif_data)[0])
  const words = listOf(post.data).map((data) => textOf(fieldsOf(data).post))
  const description = textOf(media.description)
  const taken = timeOf(exif.taken_timestamp)
  const caption = description ?? words.find((text) => text !== null) ?? null
  const facts: Facts = {
    ...NO_FACTS,
    postedAt: taken ?? timeOf(media.creation_timestamp) ?? timeOf(post.timestamp),
    alt: caption && mendText(caption),
    externalId: idOf(uri),
  }
  return [{ uri, list, facts, isDescribed: description !== null, isTaken: taken !== null }]
}

/** What either tells of the picture: what is its own first, wherever that stands. */
function merged(first: Told, second: Told): Told {
  const better = (isOwn: 'isDescribed' | 'isTaken') =>
    second[isOwn] && !first[isOwn] ? [second, first] : [first, second]
  const alt = better('isDescribed').find(({ facts }) => facts.alt !== null)?.facts.alt ?? null
  const postedAt = better('isTaken').find(({ facts }) => facts.postedAt !== null)?.facts.postedAt ?? null
  return {
    ...first,
    facts: { ...first.facts, postedAt, alt },
    isDescribed: first.isDescribed || second.isDescribed,
    isTaken: first.isTaken || second.isTaken,
  }
}

/** The digits that a name has: its last ones are the picture's, unless it says "_n" behind them. */
function idOf(uri: string): string | null {
  return /(\d+)(?:_[a-z])?$/.exec(splitName(nameOf(uri)).stem)?.[1] ?? null
}

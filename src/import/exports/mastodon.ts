import { SetupError } from '../../errors.ts'
import type { Focus } from '../../photo/photo.ts'
import { type Facts, NO_FACTS, skipped } from '../line.ts'
import { isFile, nameOf, type TreeFile } from '../trees/tree.ts'
import type { Export } from './export.ts'
import { type Listed, listedLines } from './listed-lines.ts'
import { NamedFiles } from './named-files.ts'
import { fieldsOf, listOf, readJson, textOf } from './read-json.ts'

const OUTBOX = /(?:^|\/)outbox\.json$/
const ACTOR = /(?:^|\/)actor\.json$/
const PIXELFED = /(?:^|\/)pixelfed-[^/]+\.json$/
const PUBLIC = ['https://www.w3.org/ns/activitystreams#Public', 'as:Public', 'Public']

/**
 * Mastodon: an outbox of posts in ActivityPub's JSON, and the files attached to them. Public is what was posted to all;
 * what was for followers, for some, or not listed, is private here. Descriptions of pictures are kept, as is their focus.
 */
export const mastodon: Export = {
  name: 'mastodon',
  isMark: ({ path }) => OUTBOX.test(path) || PIXELFED.test(path),
  lines: async function* (tree) {
    const files: TreeFile[] = []
    for await (const entry of tree.files()) {
      if (isFile(entry)) files.push(entry)
      else yield entry
    }
    const outbox = files.find(({ path }) => OUTBOX.test(path))
    if (!outbox) {
      throw new SetupError(
        'An export of Pixelfed holds no pictures. Import the folder that its server keeps them in, or their bucket.',
      )
    }
    const json = await readJson(outbox)
    if (json === undefined) throw new SetupError(`${outbox.path} is damaged. Ask for the export again.`)
    const listed = listOf(fieldsOf(json).orderedItems).flatMap((item) => attachmentsOf(item, outbox))
    const named = new NamedFiles(files)
    yield* listedLines(listed, named)
    for (const { path } of files.filter((file) => !named.isClaimed(file) && file !== outbox)) {
      if (!ACTOR.test(path) && !/\.json$/.test(path)) yield skipped(path, 'not_a_post', 'It is of no post.')
    }
  },
}

/** Of what somebody else posted, which an outbox has as Announce, there is nothing. */
function attachmentsOf(item: unknown, list: TreeFile): Listed[] {
  const { type, object, to } = fieldsOf(item)
  const post = fieldsOf(object)
  // Of one alone JSON-LD may make no list.
  const media = [post.attachment].flat().map(fieldsOf)
  const pictures = media.filter(({ url }) => textOf(url))
  if (type !== 'Create') return []
  const isPublic = [to, post.to].flat().some((each) => PUBLIC.includes(String(each)))
  const published = new Date(textOf(post.published) ?? Number.NaN)
  return pictures.map((picture, position) => {
    const uri = uriOf(String(picture.url))
    const facts: Facts = {
      ...NO_FACTS,
      postedAt: Number.isNaN(published.getTime()) ? null : published,
      alt: textOf(picture.name),
      externalId: uri,
      visibility: isPublic ? null : 'private',
      focus: focusOf(picture.focalPoint),
      group: pictures.length > 1 ? { id: String(post.id ?? nameOf(uri)), position } : null,
    }
    return { uri, list, facts }
  })
}

/** A server with a bucket writes the bucket's folder in front of the path that the archive has. */
function uriOf(url: string): string {
  return url.replace(/^.*?(?=media_attachments\/)/, '').replace(/^\/+/, '')
}

/** From -1 to 1, upwards, to ours of 0 to 1, downwards. */
function focusOf(point: unknown): Focus | null {
  const [x, y] = listOf(point)
  if (typeof x !== 'number' || typeof y !== 'number' || Math.abs(x) > 1 || Math.abs(y) > 1) return null
  return x === 0 && y === 0 ? null : { x: (x + 1) / 2, y: (1 - y) / 2 }
}

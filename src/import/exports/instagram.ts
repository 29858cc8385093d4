import { SetupError } from '../../errors.ts'
import { type Facts, type Line, NO_FACTS, skipped } from '../line.ts'
import { isFile, nameOf, splitName, type Tree, type TreeFile } from '../trees/tree.ts'
import type { Export } from './export.ts'
import { type Listed, listedLines, unlistedLines } from './listed-lines.ts'
import { mendText } from './mend-text.ts'
import { NamedFiles } from './named-files.ts'
import { fieldsOf, listOf, readJson, textOf, timeOf } from './read-json.ts'

/** The lists of posts that there are, by year of the layout in other folders. */
const LIST =
  /(?:^|\/)(?:content|media)\/(?:posts|archived_posts|reels|igtv_videos|other_content)(?:_\d+)?\.json$/
const MARK = /(?:^|\/)(?:content|media)\/posts_\d+\.(?:json|html)$/
const HTML = /(?:^|\/)(?:content|media)\/posts_\d+\.html$/
/** Of before 2021: one list of everything. */
const OLD_LIST = /(?:^|\/)media\.json$/
/** What its owner wants no more, and Instagram still has. */
const DELETED = /(?:^|\/)recently_deleted_content\.json$/
/** Where pictures of posts lie. */
const POSTS =
  /^(?!.*(?:^|\/)messages\/).*(?:^|\/)(?:media\/(?:posts|archived_posts|reels|other)|photos\/\d+)\//
/** What is no post, in the one list of before 2021. */
const NO_POSTS = ['stories', 'profile', 'direct']

/**
 * Instagram: lists of posts in JSON, and pictures that they name. What its owner archived is private; stories, pictures
 * of profiles and messages are no posts, and left out.
 */
export const instagram: Export = {
  name: 'instagram',
  isMark: async (file) => {
    if (!OLD_LIST.test(file.path)) return MARK.test(file.path)
    return textOf(fieldsOf(listOf(fieldsOf(await readJson(file)).photos)[0]).path) !== null
  },
  lines: async function* (tree) {
    const files = yield* filesOf(tree)
    const named = new NamedFiles(files)
    for (const list of files.filter(({ path }) => DELETED.test(path))) {
      for (const { uri } of picturesOf(await readJson(list), list)) {
        const found = named.find(uri)
        for (const { path } of found === 'outside' ? [] : found)
          yield skipped(path, 'trashed', 'Its owner has deleted it.')
      }
    }
    const listed: Listed[] = []
    for (const list of files.filter(isList).toSorted(archivedFirst)) {
      const json = await readJson(list)
      if (json === undefined) yield skipped(list.path, 'malformed_list', 'The list is damaged.')
      listed.push(...picturesOf(json, list))
    }
    yield* listedLines(listed, named)
    for (const file of files) if (!named.isClaimed(file)) yield* unlistedLines(file, POSTS, idOf)
  },
}

function isList({ path }: TreeFile): boolean {
  return LIST.test(path) || OLD_LIST.test(path)
}

/** Of the lists that name a picture the first counts: what is archived in one stays so. The other order is that of posts. */
function archivedFirst(a: TreeFile, b: TreeFile): number {
  const rank = ({ path }: TreeFile) => (isArchive(path) ? 0 : /^posts/.test(nameOf(path)) ? 1 : 2)
  return rank(a) - rank(b) || a.path.localeCompare(b.path, 'en', { numeric: true })
}

function isArchive(path: string): boolean {
  return /^archived_posts/.test(nameOf(path))
}

async function* filesOf(tree: Tree): AsyncGenerator<Line, TreeFile[]> {
  const files: TreeFile[] = []
  for await (const entry of tree.files()) {
    if (isFile(entry)) files.push(entry)
    else yield entry
  }
  if (!files.some(isList) && files.some(({ path }) => HTML.test(path))) {
    throw new SetupError(
      'This export is in HTML, which does not say what belongs together. Ask Instagram for it again, in the format JSON.',
    )
  }
  return files
}

/** The pictures of all posts of a list: an array of posts, one alone, or either under a name. */
function picturesOf(json: unknown, list: TreeFile): Listed[] {
  const fields = fieldsOf(json)
  const posts = Array.isArray(json)
    ? json
    : Array.isArray(fields.media) || textOf(fields.uri)
      ? [json]
      : Object.entries(fields).flatMap(([name, value]) => (NO_POSTS.includes(name) ? [] : listOf(value)))
  return posts.flatMap((post) => picturesOfPost(fieldsOf(post), list))
}

function picturesOfPost(post: Readonly<Record<string, unknown>>, list: TreeFile): Listed[] {
  const media = Array.isArray(post.media) ? post.media.map(fieldsOf) : [post]
  const pictures = media.filter((each) => textOf(each.uri ?? each.path))
  const isOne = media.length === 1
  const postedAt = timeOf(post.creation_timestamp)
  const groupId = `instagram:post:${(postedAt ?? new Date(0)).getTime() / 1000}`
  let position = 0
  return pictures.map((each) => {
    const uri = String(each.uri ?? each.path)
    const own = timeOf(each.creation_timestamp) ?? oldTimeOf(each.taken_at)
    const caption = isOne
      ? (textOf(each.title) ?? textOf(post.title))
      : (textOf(post.title) ?? textOf(each.title))
    const alt = caption ?? textOf(each.caption)
    const facts: Facts = {
      ...NO_FACTS,
      postedAt: isOne ? (own ?? postedAt) : (postedAt ?? own),
      alt: alt && mendText(alt),
      externalId: idOf(uri),
      visibility: isArchive(list.path) ? 'private' : null,
      group: isOne || isMovie(uri) ? null : { id: groupId, position: position++ },
    }
    return { uri, list, facts }
  })
}

/** Names of before 2021 write times out. */
function oldTimeOf(text: unknown): Date | null {
  const time = new Date(typeof text === 'string' ? text : Number.NaN)
  return Number.isNaN(time.getTime()) ? null : time
}

function isMovie(uri: string): boolean {
  return /\.(mp4|mov)$/i.test(uri)
}

/** The digits at the end of the file's name are those of the picture. */
function idOf(path: string): string | null {
  return /_(\d+)$/.exec(splitName(nameOf(path)).stem)?.[1] ?? null
}

import { FORMATS, type FormatName } from './formats.ts'
import type { Photo, Rendition } from './photo.ts'
import { type PhotoId, shardOf } from './photo-id.ts'
import { RENDITION_FORMATS } from './rendition-formats.ts'
import { SECRET_PATTERN } from './secret.ts'

export const ORIGINALS_PREFIX = 'originals/'

/** What the owner sent is put once. What is made of it is made again, with the same bytes, when a job is. */
export function isPutOnce(key: string): boolean {
  return key.startsWith(ORIGINALS_PREFIX)
}

/** Open to every viewer who has a token: only secrets keep one photo's renditions from whoever knows another's. */
export const PUBLIC_PREFIX = 'public/'

/** What renditions are delivered from. The last is of photos that have no secret yet. */
export const RENDITIONS_PREFIXES = [PUBLIC_PREFIX, 'private/', 'renditions/'] as const

/** Where objects wait that no photo has, before they are deleted. Private: nothing delivers this prefix. */
export const QUARANTINE_PREFIX = 'quarantine/'

/** Where what is made to reckon with lies, until it is deleted. Private, as the quarantine is. */
export const SCRATCH_PREFIX = 'scratch/'

/** Where clients put photos themselves, until each is looked at and taken in. Private: nothing delivers this prefix. */
export const INCOMING_PREFIX = 'incoming/'

/** Where photos that come in pieces lie until they are whole. Private, as originals are. */
export const UPLOADS_PREFIX = 'uploads/'

/** Names the installation whose catalog keeps the objects: `{"installation":"…"}`. */
export const KEEPER_KEY = 'darkroom.json'

/** What decides where the renditions of a photo lie. */
export type Place = Pick<Photo, 'id' | 'visibility' | 'secret'>

type NamedRendition = Pick<Rendition, 'preset' | 'namedBy' | 'format' | 'digest'>

const MAX_ID = 2n ** 63n - 1n
const ORIGINAL = /^originals\/(\d{1,4})\/([1-9]\d{0,18})\.([a-z]+)$/
const CHUNK = /^uploads\/(\d{1,4})\/([1-9]\d{0,18})-\d{1,15}-[0-9a-f]{16}$/
const NAME = '[a-z][a-z0-9-]{0,31}-[0-9a-f]{8}\\.([a-z]+)$'
const RENDITION = new RegExp(`^(?:public|private)/(\\d{1,4})/([1-9]\\d{0,18})-${SECRET_PATTERN}/${NAME}`)
const INCOMING = /^incoming\/(\d{1,4})\/([1-9]\d{0,18})$/
const RENDITION_WITHOUT_SECRET = new RegExp(`^renditions/(\\d{1,4})/([1-9]\\d{0,18})/${NAME}`)
const ORIGINAL_EXTENSIONS = extensionsOf(FORMATS)
const RENDITION_EXTENSIONS = extensionsOf(RENDITION_FORMATS)

/** Where the bytes the owner sent lie. Private: nothing delivers this prefix. */
export function originalKey(id: PhotoId, format: FormatName): string {
  return `${originalsPrefix(id)}${FORMATS[format].extension}`
}

/** What the original of a photo begins with, whatever its format is. */
export function originalsPrefix(id: PhotoId): string {
  return `${ORIGINALS_PREFIX}${shardOf(id)}/${id}.`
}

/**
 * What all renditions of a photo begin with, and what one delivery policy covers. Ends with a slash, so that no other
 * photo's keys match.
 */
export function renditionsPrefix({ id, visibility, secret }: Place): string {
  return secret === null
    ? `renditions/${shardOf(id)}/${id}/`
    : `${visibility}/${shardOf(id)}/${id}-${secret}/`
}

/** What the renditions of a photo can begin with, whatever its place is and was. */
export function everyRenditionsPrefix(id: PhotoId): string[] {
  return RENDITIONS_PREFIXES.map(
    (prefix) => `${prefix}${shardOf(id)}/${id}${prefix === 'renditions/' ? '/' : '-'}`,
  )
}

/** The same key always means the same bytes, so it may be cached for ever. */
export function renditionKey(place: Place, rendition: NamedRendition): string {
  return renditionsPrefix(place) + renditionName(rendition)
}

/** What follows the prefix of its place in the key of a rendition. */
export function renditionName({ preset, namedBy = preset, format, digest }: NamedRendition): string {
  return `${namedBy}-${digest}.${RENDITION_FORMATS[format].extension}`
}

/** The photo an original's key belongs to, or null for a key that we could not have written. */
export function photoIdOfOriginal(key: string): PhotoId | null {
  return photoIdOf(ORIGINAL.exec(key), ORIGINAL_EXTENSIONS)
}

/** The photo a rendition's key belongs to, or null for a key that we could not have written. */
export function photoIdOfRendition(key: string): PhotoId | null {
  return photoIdOf(RENDITION.exec(key) ?? RENDITION_WITHOUT_SECRET.exec(key), RENDITION_EXTENSIONS)
}

/** Where its owner puts the bytes of a photo to be. */
export function incomingKey(id: PhotoId): string {
  return `${INCOMING_PREFIX}${shardOf(id)}/${id}`
}

/** The photo to be whose bytes came there, or null for a key that we could not have given. */
export function photoIdOfIncoming(key: string): PhotoId | null {
  const [, shard, id] = INCOMING.exec(key) ?? []
  return idOfShard(id, shard)
}

/** The key under which an object waits in quarantine. */
export function quarantineKey(key: string): string {
  return `${QUARANTINE_PREFIX}${key}`
}

/** The key an object had before its quarantine. */
export function keyBeforeQuarantine(key: string): string {
  return key.slice(QUARANTINE_PREFIX.length)
}

/** What all begins with that is made for a run to reckon with. */
export function scratchPrefix(run: number): string {
  return `${SCRATCH_PREFIX}${run}/`
}

/** Whether the key is one that we could have written there. */
export function isScratchKey(key: string): boolean {
  const [, rendition] = /^scratch\/[1-9]\d{0,8}\/(.+)$/s.exec(key) ?? []
  return rendition !== undefined && photoIdOfRendition(rendition) !== null
}

/** One object of an upload: its name within it, `START-RANDOM`, is of who put it and of nobody else. */
export function chunkKey(id: PhotoId, chunk: string): string {
  return `${UPLOADS_PREFIX}${shardOf(id)}/${id}-${chunk}`
}

/** The photo that a chunk's key belongs to, or null for a key that we could not have written. */
export function photoIdOfChunk(key: string): PhotoId | null {
  const [, shard, id] = CHUNK.exec(key) ?? []
  return idOfShard(id, shard)
}

function photoIdOf(match: RegExpExecArray | null, extensions: ReadonlySet<string>): PhotoId | null {
  const [, shard, id, extension] = match ?? []
  return extension && extensions.has(extension) ? idOfShard(id, shard) : null
}

/** A shard that is not the id's says that another program wrote it, as a backup that someone put beside. */
function idOfShard(id: string | undefined, shard: string | undefined): PhotoId | null {
  if (!id || !shard) return null
  if (BigInt(id) > MAX_ID || String(shardOf(id as PhotoId)) !== shard) return null
  return id as PhotoId
}

function extensionsOf(formats: Readonly<Record<string, { extension: string }>>): ReadonlySet<string> {
  return new Set(Object.values(formats).map(({ extension }) => extension))
}

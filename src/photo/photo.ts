import type { Point } from './fit.ts'
import type { FormatName } from './formats.ts'
import type { Look, LookChange } from './look/look.ts'
import type { PhotoId } from './photo-id.ts'
import type { PresetName } from './presets.ts'
import type { RenditionFormat } from './rendition-formats.ts'
import type { Secret } from './secret.ts'
import type { OwnerId } from './shard.ts'

export const PHOTO_STATUSES = ['processing', 'ready', 'failed'] as const
export type PhotoStatus = (typeof PHOTO_STATUSES)[number]

export const VISIBILITIES = ['public', 'private'] as const
export type Visibility = (typeof VISIBILITIES)[number]

/** What of the upright photo every crop keeps in sight. */
export type Focus = Point

/**
 * How long it took, in milliseconds: from intake, or from its owner's change, until a worker began what came of it; and from then
 * on until it was shown.
 */
export type Timing = { waitedMs: number; developedMs: number }

/** A look and a focus that a photo is to get, and the edition it will be. */
export type Change = LookChange & { focus: Focus | null }

/** Why a photo could not be made ready, in words an app can show to its user. */
export type Failure = { code: string; message: string }

/** What is known of the bytes the owner sent. `sha256` is lowercase hex. */
export type Original = { format: FormatName; bytes: number; sha256: string }

/** Where an original lies that is not ours: `s3://bucket/key?…` or `file:///path`; and its entity tag, if one is known. */
export type Adopted = { from: string; etag: string | null }

/** What only decoding tells. Upright pixels; `color` is `#rrggbb`; `thumbhash` is base64. */
export type PhotoFacts = { width: number; height: number; color: string; thumbhash: string }

/**
 * One stored output. `digest` is its recipe's, so key and bytes follow from it. Presets that come out alike share an
 * object: `namedBy` is the preset whose recipe and name its key has, where that is another.
 */
export type Rendition = {
  preset: PresetName
  namedBy?: PresetName
  format: RenditionFormat
  digest: string
  width: number
  height: number
  bytes: number
}

export type Photo = {
  id: PhotoId
  owner: OwnerId
  status: PhotoStatus
  visibility: Visibility
  /** Feeds sort by it. The time of its id, unless it was imported. */
  postedAt: Date
  /** Stands in the keys of its renditions. Null for a photo of before there were secrets, until the sweep gives it one. */
  secret: Secret | null
  /** What it shows, in words for those who can't see it. */
  alt: string | null
  /** Null is what nobody knows of an adopted original that was not read yet. */
  original: { [Fact in keyof Original]: Original[Fact] | null }
  /** Where the original lies, and stays; null for one of our own. */
  adopted: Adopted | null
  facts: PhotoFacts | null
  focus: Focus | null
  look: Look | null
  /** How many changes of look were asked for when this one was. */
  edition: number
  /** Another look or focus, while it is made. */
  wanted: Change | null
  /** Of the photo's look only, and only what is stored already. */
  renditions: readonly Rendition[]
  /** The recipes that all of them were made by, as `recipeNumber` names them. Null: several, or earlier ones. */
  recipe: number | null
  failure: Failure | null
}

/** Whether the viewer may know that there is such a photo. One that failed is its owner's alone: there is nothing to see. */
export function isVisibleTo(viewer: OwnerId, photo: Pick<Photo, 'owner' | 'visibility' | 'status'>): boolean {
  return photo.owner === viewer || (photo.visibility === 'public' && photo.status !== 'failed')
}

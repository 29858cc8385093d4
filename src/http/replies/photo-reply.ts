import type { Cdn, Delivery } from '../../delivery/cdn.ts'
import type { Look } from '../../photo/look/look.ts'
import { renditionName, renditionsPrefix } from '../../photo/object-keys.ts'
import type { Photo, Rendition, Timing } from '../../photo/photo.ts'
import { addedAt, shortcodeOf } from '../../photo/photo-id.ts'
import { isPromised, type PromisedRendition, promisedRenditions, type Recipes } from '../../photo/promised.ts'
import type { OwnerId } from '../../photo/shard.ts'
import {
  type DeliveryReply,
  type PhotoReply,
  type PhotoReplyInParts,
  photoPageReply,
} from '../schemas/photo.ts'
import type { RenditionWishes } from '../schemas/rendition-wishes.ts'
import { entityTagOf } from './conditional-get.ts'

/**
 * Who is told, and what of renditions they asked for. As an operator they are told what else only the owner is. The timing is
 * that of the one photo that is asked for.
 */
export type Audience = {
  viewer: OwnerId
  isOperator?: boolean
  wishes: RenditionWishes
  cdn: Cdn
  recipes: Recipes
  timing?: Timing | null
}

/** As the client wishes it. */
export type Told = PhotoReply | PhotoReplyInParts
/** What it takes to say of one that is still to be made is not known. */
type ToldRendition = PromisedRendition &
  Pick<Rendition, 'namedBy'> & { width: number | null; height: number | null; bytes: number | null }
type ToldPhoto = { reply: PhotoReplyInParts; delivery: Delivery | null }

/** What is told of photos changes with these, too. */
const FORM = entityTagOf(photoPageReply)

/**
 * Photos as the API tells a viewer of them. Nothing is signed before a reply is made: their `etag` says whether the
 * client has it already.
 */
export class ToldPhotos {
  readonly #photos: readonly Photo[]
  readonly #audience: Audience
  readonly #grant: Delivery
  #toldPhotos: readonly ToldPhoto[] | null = null

  constructor(photos: readonly Photo[], audience: Audience) {
    this.#photos = photos
    this.#audience = audience
    this.#grant = audience.cdn.grant(audience.viewer)
  }

  /** For a reply that has these photos and the rest. Others have another for the same photos: their URLs are others'. */
  etag(rest: unknown = null): string {
    return this.#etagOf(
      this.#told.map(({ reply, delivery }) => [reply, delivery?.terms]),
      rest,
    )
  }

  /** The same for photos that have marks, which say all there is to tell of most of them: it costs a tenth. */
  etagByMarks(marks: readonly string[], rest: unknown): string {
    const { cdn, recipes, viewer } = this.#audience
    const unsaid = this.#photos.map((photo) => [
      photo.secret === null ? cdn.deliver(photo, viewer).terms : null,
      isPromised(photo) ? promisedRenditions(photo, recipes) : null,
    ])
    return this.#etagOf([FORM, marks, unsaid, this.#audience.wishes], rest)
  }

  #etagOf(told: unknown, rest: unknown): string {
    const { viewer, wishes } = this.#audience
    return entityTagOf([viewer, wishes.urls, this.#grant.terms, told, rest])
  }

  get #told(): readonly ToldPhoto[] {
    this.#toldPhotos ??= this.#photos.map((photo) => tell(photo, this.#audience))
    return this.#toldPhotos
  }

  /** In parts with the viewer's grant, and of photos that it does not reach with their own. */
  page(): { photos: Told[]; delivery?: DeliveryReply } {
    if (!this.#isInParts()) return { photos: this.each() }
    const grant = this.#grant
    const isGranted = ({ delivery }: ToldPhoto) => delivery === null || delivery.terms === grant.terms
    return {
      photos: this.#told.map((photo) => (isGranted(photo) ? photo.reply : inParts(photo))),
      delivery: deliveryReply(grant),
    }
  }

  /** In parts each with what opens it. */
  each(): Told[] {
    const told: (photo: ToldPhoto) => Told = this.#isInParts() ? inParts : inFull
    return this.#told.map(told)
  }

  #isInParts(): boolean {
    return this.#audience.wishes.urls === 'parts'
  }
}

/** One photo, with its signed URLs. */
export function replyOf(photo: Photo, audience: Audience): Told {
  return new ToldPhotos([photo], audience).each()[0] as Told
}

function tell(
  photo: Photo,
  { viewer, isOperator = false, wishes, cdn, recipes, timing = null }: Audience,
): ToldPhoto {
  const { id, original, facts } = photo
  const knowsAll = isOperator || photo.owner === viewer
  const shown = isPromised(photo) ? promisedRenditions(photo, recipes).map(unmade) : photo.renditions
  const renditions = shown.filter(isWished(wishes))
  const delivery = renditions.length > 0 ? cdn.deliver(photo, viewer) : null
  const prefix = renditionsPrefix(photo)
  const reply = {
    id,
    shortcode: shortcodeOf(id),
    owner: photo.owner,
    status: photo.status,
    visibility: photo.visibility,
    createdAt: photo.postedAt.toISOString(),
    addedAt: addedAt(id).toISOString(),
    alt: photo.alt,
    original: {
      format: original.format,
      width: facts?.width ?? null,
      height: facts?.height ?? null,
      bytes: knowsAll ? original.bytes : null,
      sha256: knowsAll ? original.sha256 : null,
    },
    color: facts?.color ?? null,
    thumbhash: facts?.thumbhash ?? null,
    focus: photo.focus,
    ...lookReply(photo.look),
    wanted: photo.wanted && { ...lookReply(photo.wanted.look), focus: photo.wanted.focus },
    renditions: renditions.map((rendition) => pathReply(rendition, prefix)),
    expiresAt: delivery?.expiresAt.toISOString() ?? null,
    timing: knowsAll ? timing : null,
    failure: knowsAll ? photo.failure : null,
  }
  return { reply, delivery }
}

function isWished({ presets, formats }: RenditionWishes) {
  return ({ preset, format }: ToldRendition) =>
    (presets?.includes(preset) ?? true) && (formats?.includes(format) ?? true)
}

function unmade(rendition: PromisedRendition): ToldRendition {
  return { ...rendition, width: null, height: null, bytes: null }
}

function lookReply(look: Look | null): Pick<PhotoReply, 'filter' | 'strength'> {
  return { filter: look?.filter ?? null, strength: look?.strength ?? null }
}

// Written out: these are 300 on a page, and copying what is left over of an object takes five times as long.
function pathReply(rendition: ToldRendition, prefix: string) {
  const { preset, format, width, height, bytes } = rendition
  return { preset, format, width, height, bytes, path: prefix + renditionName(rendition) }
}

function inFull({ reply, delivery }: ToldPhoto): PhotoReply {
  const renditions = reply.renditions.map(({ preset, format, width, height, bytes, path }) => {
    return { preset, format, width, height, bytes, url: delivery?.urlOf(path) ?? '' }
  })
  return { ...reply, renditions }
}

function inParts({ reply, delivery }: ToldPhoto): PhotoReplyInParts {
  return delivery ? { ...reply, delivery: deliveryReply(delivery) } : reply
}

function deliveryReply({ origin, query, expiresAt }: Delivery): DeliveryReply {
  return { origin, query: query(), expiresAt: expiresAt.toISOString() }
}

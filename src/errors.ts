/**
 * A failure raised on purpose. `code` is stable: apps and operators match on it. `message` may be shown to whoever sent
 * the request. `retryable` says whether the same attempt can succeed later. Those of requests alone are in
 * http/errors.ts, and only http/problems.ts knows statuses.
 */
export abstract class DarkroomError extends Error {
  abstract readonly code: string
  readonly retryable: boolean = false

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

// --- what an id or a file turned out to be, told to the client that sent it ---

export class InvalidPhotoIdError extends DarkroomError {
  readonly code = 'invalid_photo_id'
  constructor(text: string) {
    super(`"${text.slice(0, 40)}" is no photo id: send its decimal digits or its shortcode of 11 characters.`)
  }
}

export class EmptyFileError extends DarkroomError {
  readonly code = 'empty_file'
  constructor() {
    super('The file is empty.')
  }
}

export class PhotoTooLargeError extends DarkroomError {
  readonly code = 'photo_too_large'
  /** A limit of null is the storage's own, which it does not tell. */
  constructor(maxBytes: number | null, options?: ErrorOptions) {
    const limit = maxBytes === null ? 'the storage takes' : `${maxBytes.toLocaleString('en')} bytes`
    super(`The file is larger than ${limit}.`, options)
  }
}

export class UnsupportedFormatError extends DarkroomError {
  readonly code = 'unsupported_format'
  /** What it is instead, as a media type, where that could be told. */
  readonly found: string | null

  constructor(found: string | null) {
    const what = found === null ? 'The file is in a format that is not supported' : `The file is ${found}`
    super(`${what}. Send JPEG, HEIC, PNG, WebP, AVIF, GIF or TIFF.`)
    this.found = found
  }
}

/** The bytes that came are not those that the client named: they were altered or cut on their way. */
export class DigestMismatchError extends DarkroomError {
  readonly code = 'digest_mismatch'
  constructor(algorithm: string) {
    super(`The bytes that came have another ${algorithm} than you named. Send them again.`)
  }
}

/** A viewer follows as many owners as one may. */
export class TooManyFollowedError extends DarkroomError {
  readonly code = 'too_many_followed'
  constructor(most: number) {
    super(`You follow ${most.toLocaleString('en')} owners, and no more can be. Unfollow one first.`)
  }
}

/** Under an id of `POST /v1/ids`: nothing was promised to this owner. */
export class IdUnknownError extends DarkroomError {
  readonly code = 'id_unknown'
  constructor() {
    super('This is no id of yours from POST /v1/ids, or it is too old. Ask for another.')
  }
}

/** The id has bytes already, and these are others. */
export class IdTakenError extends DarkroomError {
  readonly code = 'id_taken'
  constructor() {
    super('Another photo has this id. Ask for another id: POST /v1/ids.')
  }
}

/** Of a photo that comes in pieces: there is no such upload of this owner's, or not any more. */
export class UploadNotFoundError extends DarkroomError {
  readonly code = 'upload_not_found'
  constructor() {
    super('There is no such upload of yours, or it is more than 24 hours old. Begin anew: POST /v1/uploads.')
  }
}

/** What came begins elsewhere than where the upload ends: what another connection sent is there already, or not yet. */
export class UploadOffsetError extends DarkroomError {
  readonly code = 'upload_offset'
  constructor() {
    super('The upload does not end at this Upload-Offset. Ask by HEAD where it does, and go on from there.')
  }
}

/** The bytes of one request are not those that the client named. */
export class ChecksumMismatchError extends DarkroomError {
  readonly code = 'checksum_mismatch'
  constructor(algorithm: string) {
    super(`The bytes that came have another ${algorithm} than Upload-Checksum says. Send them again.`)
  }
}

export class PhotoDeletedError extends DarkroomError {
  readonly code = 'photo_deleted'
  constructor() {
    super('The photo was deleted. To upload it again, use another id or Idempotency-Key.')
  }
}

/** Of a photo that its owner puts into the store: nothing was promised to them. */
export class DirectUploadUnknownError extends DarkroomError {
  readonly code = 'direct_upload_unknown'
  constructor() {
    super('This is no direct upload of yours, or it is too old. Begin another: POST /v1/direct-uploads.')
  }
}

export class BytesMissingError extends DarkroomError {
  readonly code = 'bytes_missing'
  constructor() {
    super('Nothing has come to the URL of this direct upload. PUT the photo there, then complete it.')
  }
}

/** The photo is not as long as its owner had said. */
export class WrongSizeError extends DarkroomError {
  readonly code = 'wrong_size'
  constructor(announced: number) {
    super(`What came is not the ${announced.toLocaleString('en')} bytes that you announced. Send them again.`)
  }
}

// --- what a picture turned out to be, told to the app in a photo's `failure` ---

export class CorruptPhotoError extends DarkroomError {
  readonly code = 'corrupt_photo'
  constructor(options?: ErrorOptions) {
    super('The picture is damaged or incomplete.', options)
  }
}

/** A sound file that we have no decoder for, though its format is one we take in. `kind` completes "The picture is". */
export class UnsupportedPhotoError extends DarkroomError {
  readonly code = 'unsupported_photo'
  constructor(kind: string, options?: ErrorOptions) {
    super(
      `The picture is ${kind}, which is not supported. Save it as an ordinary JPEG, or as PNG or TIFF with 8 or 16 bits per channel, and send it again.`,
      options,
    )
  }
}

export class TooManyPixelsError extends DarkroomError {
  readonly code = 'too_many_pixels'
  constructor(megapixels: number, limit: number) {
    super(`The picture has ${Math.ceil(megapixels)} megapixels (all frames counted); ${limit} are allowed.`)
  }
}

// --- our own engines ---

export class ObjectNotFoundError extends DarkroomError {
  readonly code = 'object_not_found'
  constructor(key: string, options?: ErrorOptions) {
    super(`There is no object ${key}.`, options)
  }
}

/** An original was put under the key before, with other bytes. */
export class ObjectTakenError extends DarkroomError {
  readonly code = 'object_taken'
  constructor(key: string) {
    super(`The object ${key} is there already, with other bytes.`)
  }
}

/** The object is in a storage class that is not read from: Glacier, and what is like it. */
export class ObjectArchivedError extends DarkroomError {
  readonly code = 'object_archived'
  constructor(key: string, options?: ErrorOptions) {
    super(`The object ${key} is archived. Restore it first.`, options)
  }
}

/** The object is another than when it was listed. */
export class ObjectChangedError extends DarkroomError {
  readonly code = 'object_changed'
  constructor(key: string, options?: ErrorOptions) {
    super(`The object ${key} has changed.`, options)
  }
}

/** A database, queue or store does not answer. The same request can succeed when it is back. */
export class EngineUnavailableError extends DarkroomError {
  readonly code = 'unavailable'
  override readonly retryable = true
}

/** A worker's process ended while it did a job: killed, out of memory, or by a picture that made it crash. */
export class WorkerDiedError extends DarkroomError {
  readonly code = 'worker_died'
  override readonly retryable = true
  constructor() {
    super('The worker died while it did this job.')
  }
}

/**
 * What a job needs is not here, for which its photo is not to blame: it waits until somebody brings it, or another
 * worker has it.
 */
export abstract class JobMustWaitError extends DarkroomError {
  override readonly retryable = true
}

/** A job of a kind that this worker does not know: it was enqueued by a newer Darkroom, whose workers are on their way. */
export class UnknownJobKindError extends JobMustWaitError {
  readonly code = 'unknown_job_kind'
  constructor(kind: string) {
    super(`This worker does not know the job kind "${kind}". The workers of a newer Darkroom do.`)
  }
}

/** The app's webhook does not take a message now, or is not known here. */
export class WebhookWaitsError extends JobMustWaitError {
  readonly code = 'webhook_waits'
}

/**
 * The original was there when its upload was answered. A storage that has lost it, or not all of it mounted, may have
 * it again.
 */
export class OriginalMissingError extends JobMustWaitError {
  readonly code = 'original_missing'
  constructor(options?: ErrorOptions) {
    super(
      'The original of a photo is not in the storage. Put it back, from a backup or an earlier version of the object; the photo waits for it.',
      options,
    )
  }
}

/** The original of a photo that was adopted is not what it was, or not to be had. Others may be. */
export class AdoptedOriginalError extends DarkroomError {
  readonly code: 'original_missing' | 'original_changed' | 'original_refused' | 'original_archived'

  constructor(code: AdoptedOriginalError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A run was started with other presets or filters than this worker has: those who have them do it. */
export class OtherRecipesError extends JobMustWaitError {
  readonly code = 'other_recipes'
  constructor() {
    super(
      'The run was started with other presets or filters than this worker has. Give every machine the same presets.json and .cube files and start the workers again; or cancel the run and start another.',
    )
  }
}

/** What was made of a photo may be another picture than the one that is shown, so it is not shown. */
export class DoubtfulRenditionError extends DarkroomError {
  readonly code = 'another_picture'
}

/** A photo of a run can't be made anew, for what its cause says; others of the run can. */
export class RemakeFailedError extends DarkroomError {
  readonly code: string
  constructor(cause: DarkroomError) {
    super(cause.message, { cause })
    this.code = cause.code
  }
}

/** The CDN takes no more invalidations for now. */
export class CdnBusyError extends EngineUnavailableError {
  constructor(options?: ErrorOptions) {
    super('The CDN takes no more invalidations for now.', options)
  }
}

/**
 * A photo's filter is not among those of this process: it came with a newer Darkroom, or its `.cube` file was removed, or
 * never copied to this machine.
 */
export class FilterMissingError extends JobMustWaitError {
  readonly code = 'filter_missing'
  constructor(name: string) {
    super(
      `There is no filter "${name}" here. If it is one of your own, keep it by PUT /v1/filters/:name, or put its .cube file into FILTERS_DIR on every machine and start again.`,
    )
  }
}

/** A `.cube` file says something else than a table we can use. The message says what, in one line. */
export class InvalidCubeError extends DarkroomError {
  readonly code = 'invalid_cube'
}

// --- what an operator set up; a command prints the message and exits with 1 ---

export class SetupError extends DarkroomError {
  readonly code = 'setup'
}

import { DarkroomError } from '../errors.ts'

/** A request as a whole is not what the API takes. */
export class InvalidRequestError extends DarkroomError {
  readonly code = 'invalid_request'
}

export class InvalidFieldError extends DarkroomError {
  readonly code = 'invalid_field'
}

export class InvalidCursorError extends DarkroomError {
  readonly code = 'invalid_cursor'
  constructor(name: 'before' | 'after') {
    super(`"${name}" must be the "next" or the "previous" of a page.`)
  }
}

export class InvalidFormError extends DarkroomError {
  readonly code = 'invalid_form'
}

export class MissingFileError extends DarkroomError {
  readonly code = 'missing_file'
  constructor() {
    super('The form has no file. Send one file part, after the other fields.')
  }
}

export class TooManyFilesError extends DarkroomError {
  readonly code = 'too_many_files'
  constructor() {
    super('One upload takes one file. Send the others in requests of their own.')
  }
}

export class FieldAfterFileError extends DarkroomError {
  readonly code = 'field_after_file'
  constructor(field: string) {
    super(
      `The field "${field.slice(0, 40)}" came after the file. Send fields first: the file is taken in as it arrives.`,
    )
  }
}

/** Content-Digest is not as RFC 9530 has it. */
export class InvalidDigestError extends DarkroomError {
  readonly code = 'invalid_digest'
  constructor() {
    super(
      'Content-Digest must name the bytes of the body by sha-256 or sha-512, in base64 between colons: sha-256=:…=:.',
    )
  }
}

export class InvalidIdempotencyKeyError extends DarkroomError {
  readonly code = 'invalid_idempotency_key'
  constructor() {
    super('Idempotency-Key must be 1 to 255 printable characters of ASCII, such as a UUID.')
  }
}

/** A key that stands for something else: other fields, other bytes, another route. */
export class IdempotencyKeyReusedError extends DarkroomError {
  readonly code = 'idempotency_key_reused'
  constructor() {
    super('This Idempotency-Key was used for another request. Send each of its own with a key of its own.')
  }
}

/** The same request, by its key, is being done at this moment. */
export class RequestInFlightError extends DarkroomError {
  readonly code = 'request_in_flight'
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super(
      `The first request with this Idempotency-Key is still in flight. Ask again in ${retryAfterSeconds} s.`,
    )
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A client of another tus than ours, or of none. */
export class UnsupportedTusVersionError extends DarkroomError {
  readonly code = 'unsupported_tus_version'
  constructor(version: string) {
    super(
      `The header Tus-Resumable must be ${version}: uploads in pieces are by tus, or by PUT /v1/photos/:id in one.`,
    )
  }
}

export class UnauthenticatedError extends DarkroomError {
  readonly code = 'unauthenticated'
}

export class PhotoNotFoundError extends DarkroomError {
  readonly code = 'photo_not_found'
  constructor() {
    super('There is no such photo.')
  }
}

export class FilterNotFoundError extends DarkroomError {
  readonly code = 'filter_not_found'
  constructor(name: string) {
    super(`There is no filter "${name.slice(0, 40)}". GET /v1/filters lists those there are.`)
  }
}

/** The name is that of a filter that nobody can change by the API. */
export class FilterTakenError extends DarkroomError {
  readonly code = 'filter_taken'
  constructor(name: string, origin: 'own' | 'file') {
    super(
      origin === 'own'
        ? `The filter "${name}" comes with Darkroom. Choose another name.`
        : `The filter "${name}" comes from a file in FILTERS_DIR: change it there, or choose another name.`,
    )
  }
}

/** The caller's token has no role `operator`. */
export class OperatorOnlyError extends DarkroomError {
  readonly code = 'operator_only'
  constructor() {
    super('This is for operators: it wants a token with the claim "role": "operator".')
  }
}

export class CookiesUnavailableError extends DarkroomError {
  readonly code = 'cookies_unavailable'
  constructor() {
    super(
      'Browsers would not send cookies of this API to the CDN. Use the URLs, or let both be of COOKIE_DOMAIN.',
    )
  }
}

export class RouteNotFoundError extends DarkroomError {
  readonly code = 'route_not_found'
  constructor(method: string, url: string, docs: string) {
    // A query may carry a signature or a token, which are not for the log.
    const [path = ''] = url.split('?')
    super(`There is nothing at ${method} ${path.slice(0, 200)}. The API is described at ${docs}.`)
  }
}

export class MethodNotAllowedError extends DarkroomError {
  readonly code = 'method_not_allowed'
  constructor(method: string, allowed: readonly string[]) {
    super(`${method} is not possible here. These are: ${allowed.join(', ')}.`)
  }
}

/** Somebody asks for more than is theirs. What they are to wait for is over by then. */
export abstract class LimitError extends DarkroomError {
  abstract readonly retryAfterSeconds: number
}

export class TooManyRequestsError extends LimitError {
  readonly code = 'too_many_requests'
  readonly retryAfterSeconds: number
  constructor(of: 'owner' | 'address', retryAfterSeconds: number) {
    super(`There were too many requests of this ${of}. Ask again in ${retryAfterSeconds} s.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export class TooManyUploadsError extends LimitError {
  readonly code = 'too_many_uploads'
  readonly retryAfterSeconds = 1
  constructor(most: number) {
    super(
      `${most} uploads of this owner are in flight, and no more may be at once. Send this one after one of them.`,
    )
  }
}

/** A viewer has as many event streams open on this server as they may. */
export class TooManyStreamsError extends LimitError {
  readonly code = 'too_many_streams'
  readonly retryAfterSeconds = 10
  constructor(most: number) {
    super(`${most} event streams of this viewer are open here, and no more may be. Close one of them.`)
  }
}

/** A body came slower than the least rate, or not at all. */
export class RequestTimeoutError extends DarkroomError {
  readonly code = 'request_timeout'
  constructor() {
    super('The request came too slowly.')
  }
}

/** The length that was announced is more than this route takes. */
export class BodyTooLargeError extends DarkroomError {
  readonly code = 'body_too_large'
  constructor(maxBytes: number) {
    super(`The body is larger than ${maxBytes.toLocaleString('en')} bytes.`)
  }
}

/** A body that is compressed as a whole, which none needs to be: photos are already. */
export class UnsupportedEncodingError extends DarkroomError {
  readonly code = 'unsupported_encoding'
  constructor(encoding: string) {
    super(`The body has the Content-Encoding "${encoding.slice(0, 40)}". Send it without one.`)
  }
}

export class ExpectationFailedError extends DarkroomError {
  readonly code = 'expectation_failed'
  constructor() {
    super('The only expectation that is met is "Expect: 100-continue".')
  }
}

/** A look or a focus was asked of a photo that could not be made ready at all. */
export class PhotoFailedError extends DarkroomError {
  readonly code = 'photo_failed'
  constructor() {
    super('The photo could not be processed, so it can have no other look or focus.')
  }
}

/** The URL that a photo is put to is not one that was given for it. */
export class InvalidGrantError extends DarkroomError {
  readonly code = 'invalid_grant'
  constructor() {
    super(
      'The URL has expired, or it, the Content-Type or the Content-Length are not as they were given. Begin the direct upload again.',
    )
  }
}

/** Somebody else's page asks for a session, or names none, as only what is no browser does. */
export class ForeignOriginError extends DarkroomError {
  readonly code = 'foreign_origin'
  constructor() {
    super('Only the console itself asks for this. Open it at PUBLIC_URL, or at the address of this server.')
  }
}

/** Once used, or five minutes old, or none of ours. */
export class ConsoleCodeSpentError extends DarkroomError {
  readonly code = 'console_code_spent'
  constructor() {
    super(
      'The link is good once, and for five minutes. `darkroom console` prints another, as `npm start` does.',
    )
  }
}

/** The client went away before its upload was whole. Nobody reads the reply; nothing is kept. */
export class UploadAbortedError extends DarkroomError {
  readonly code = 'upload_aborted'
  constructor(options?: ErrorOptions) {
    super('The upload ended before it was whole.', options)
  }
}

import { Type } from 'typebox'
import { preferWait } from '../prefer-wait.ts'

/** A photo as a body, or as a part of one. */
export const FILE = {
  type: 'string',
  format: 'binary',
  minLength: 1,
  description: 'JPEG, HEIC, PNG, WebP, AVIF, GIF or TIFF.',
} as const

export const BARE_CONTENT = {
  'image/*': { schema: FILE },
  'application/octet-stream': { schema: FILE },
} as const

export const idempotencyKey = {
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'Makes a repeat safe: with the same key and content it is answered as the first, with other content it is 422. Of the owner and of this route; kept for 72 hours.',
    }),
  ),
}

/** What a repeat is told by. */
export const idempotentReplayed = {
  'idempotent-replayed': { type: 'string', description: '`true`: an earlier request made this.' },
} as const

export const KEY_PROBLEMS = [
  'invalid_idempotency_key',
  'idempotency_key_reused',
  'request_in_flight',
] as const

export const uploadHeaders = Type.Object({
  ...preferWait.properties,
  'content-digest': Type.Optional(
    Type.String({
      description:
        '`sha-256=:…:` or `sha-512=:…:` of the body (RFC 9530). Bytes that are others are refused; a repeat that names its sha-256 is answered before its body is read.',
    }),
  ),
})

/** What is wrong with a photo that is uploaded, or with its way. */
export const BODY_PROBLEMS = [
  'empty_file',
  'upload_aborted',
  'invalid_digest',
  'digest_mismatch',
  'photo_too_large',
  'unsupported_format',
  'unsupported_media_type',
  'too_many_uploads',
  'daily_limit_reached',
] as const

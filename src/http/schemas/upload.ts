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
] as const

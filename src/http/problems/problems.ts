import { STATUS_CODES } from 'node:http'
import { DarkroomError } from '../../errors.ts'

/** The status of every error a request can end with, by its code. What is not listed is a fault of ours: 500. */
export const STATUSES = {
  invalid_request: 400,
  invalid_url: 400,
  invalid_json: 400,
  invalid_photo_id: 400,
  invalid_field: 400,
  invalid_cursor: 400,
  invalid_form: 400,
  missing_file: 400,
  too_many_files: 400,
  field_after_file: 400,
  empty_file: 400,
  upload_aborted: 400,
  invalid_digest: 400,
  digest_mismatch: 400,
  invalid_idempotency_key: 400,
  wrong_size: 400,
  invalid_cube: 400,
  unauthenticated: 401,
  invalid_grant: 403,
  operator_only: 403,
  foreign_origin: 403,
  console_code_spent: 403,
  photo_not_found: 404,
  filter_not_found: 404,
  id_unknown: 404,
  direct_upload_unknown: 404,
  cookies_unavailable: 404,
  run_not_found: 404,
  route_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  upload_not_found: 404,
  photo_failed: 409,
  run_state: 409,
  run_changed: 409,
  upload_offset: 409,
  id_taken: 409,
  filter_taken: 409,
  too_many_followed: 409,
  request_in_flight: 409,
  bytes_missing: 409,
  photo_deleted: 410,
  photo_too_large: 413,
  body_too_large: 413,
  unsupported_tus_version: 412,
  url_too_long: 414,
  unsupported_format: 415,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  expectation_failed: 417,
  too_many_requests: 429,
  too_many_uploads: 429,
  too_many_streams: 429,
  daily_limit_reached: 429,
  idempotency_key_reused: 422,
  headers_too_large: 431,
  checksum_mismatch: 460,
  internal: 500,
  unavailable: 503,
} as const

export type ProblemCode = keyof typeof STATUSES

/** Fastify's names of what is wrong with a request, and ours. */
const FASTIFY_CODES: Record<string, ProblemCode> = {
  FST_ERR_BAD_URL: 'invalid_url',
  FST_ERR_MAX_PARAM_LENGTH: 'url_too_long',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
}

/** Said instead of the error's own words, which are for operators and stand in the log. */
const DISCREET: Partial<Record<ProblemCode, string>> = {
  internal: 'Something went wrong on our side. The log says what.',
  unavailable: 'The service is unavailable for the moment. Try again later.',
  invalid_json: 'The body is not valid JSON.',
  invalid_url: 'The URL is not valid: a % must be followed by two hexadecimal digits of UTF-8.',
  url_too_long: 'A part of the path is too long.',
  unsupported_media_type:
    'The Content-Type is not one that is taken here: a photo comes as image/…, application/octet-stream or multipart/form-data, a .cube file as text/plain, all else as application/json.',
}

/** Problem details (RFC 9457). */
export type Problem = {
  type: 'about:blank'
  title: string
  status: number
  code: ProblemCode
  detail: string
}

/** What a client is told, by its code; `detail` unless that is for operators. */
export function problem(code: ProblemCode, detail: string): Problem {
  const status = STATUSES[code]
  return {
    type: 'about:blank',
    // One is of tus alone.
    title: STATUS_CODES[status] ?? 'Checksum Mismatch',
    status,
    code,
    detail: DISCREET[code] ?? detail,
  }
}

type RequestError = Error & { code?: string; statusCode?: number }

/** What a client is told of an error, whoever raised it. */
export function problemOf(error: RequestError): Problem {
  return problem(codeOf(error), error.message)
}

function codeOf(error: RequestError): ProblemCode {
  const { code = '', statusCode = 500 } = error
  if (error instanceof DarkroomError)
    return Object.hasOwn(STATUSES, code) ? (code as ProblemCode) : 'internal'
  return FASTIFY_CODES[code] ?? (statusCode >= 400 && statusCode < 500 ? 'invalid_request' : 'internal')
}

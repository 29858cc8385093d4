import { isTransient, nameOf, statusOf } from '../aws-errors.ts'
import { DarkroomError, EngineUnavailableError, PhotoTooLargeError, SetupError } from '../errors.ts'

const UNKNOWN_KEY = 'The access key is unknown there: look at AWS_ACCESS_KEY_ID or the profile.'

/** What an operator can do about each refusal, by its name. */
const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'There is no such bucket: create it, or name another in STORAGE_URL.',
  AccessDenied:
    'The credentials have no right to it: allow s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and s3:DeleteObject on what is in it.',
  AllAccessDisabled: 'The account has no access: ask its owner.',
  InvalidAccessKeyId: UNKNOWN_KEY,
  XAdminUserNotFound: UNKNOWN_KEY,
  SignatureDoesNotMatch: 'The secret key is wrong: look at AWS_SECRET_ACCESS_KEY or the profile.',
  ExpiredToken: 'The credentials have expired: renew them.',
  InvalidToken: 'The session token is wrong: look at AWS_SESSION_TOKEN or the profile.',
  RequestTimeTooSkewed: "This machine's clock is wrong: set it by NTP.",
  PermanentRedirect: 'The bucket is in another region: name it with region= in STORAGE_URL.',
  AuthorizationHeaderMalformed: 'The bucket is in another region: name it with region= in STORAGE_URL.',
  CredentialsProviderError:
    'There are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.',
}

/** There is no object of that key. HEAD has no body that would say NoSuchKey. */
export function isMissing(error: unknown): boolean {
  return nameOf(error) === 'NoSuchKey' || nameOf(error) === 'NotFound'
}

/**
 * An error of S3 as EngineUnavailableError, which says whether it is silent or refuses us, or as PhotoTooLargeError; any
 * other as it is.
 */
export function translateS3Error(error: unknown): unknown {
  if (error instanceof DarkroomError) return error
  if (nameOf(error) === 'EntityTooLarge' || statusOf(error) === 413)
    return new PhotoTooLargeError(null, { cause: error })
  if (isTransient(error))
    return new EngineUnavailableError('The storage does not answer.', { cause: named(error) })
  if (REMEDIES[nameOf(error)] || statusOf(error) === 403)
    return new EngineUnavailableError('The storage refuses us.', { cause: named(error) })
  return error
}

/** For the log. Not every server sends a message, and then the client's own says nothing. */
function named(error: unknown): Error {
  const remedy = REMEDIES[nameOf(error)]
  return new Error(remedy ? `${nameOf(error)}: ${remedy}` : String(error), { cause: error })
}

/** What an operator is told when the bucket can't be used from the beginning. */
export function setupErrorOf(error: unknown, bucket: string, endpoint: string | null): SetupError {
  const where = endpoint ? `The bucket ${bucket} at ${endpoint}` : `The bucket ${bucket}`
  return new SetupError(`${where} can't be used. ${remedyFor(error)}`, { cause: error })
}

function remedyFor(error: unknown): string {
  if (isTransient(error))
    return 'Nothing answers there: look at endpoint= and region= in STORAGE_URL and at the network.'
  // It has no name of its own.
  if (String(error).includes('Region is missing'))
    return "The bucket's region is not known: name it with region= in STORAGE_URL."
  if (REMEDIES[nameOf(error)]) return REMEDIES[nameOf(error)] as string
  // Servers other than AWS have names of their own for it.
  if (statusOf(error) === 401 || statusOf(error) === 403)
    return `It refuses the credentials (${nameOf(error)}): look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile.`
  return String(error)
}

import type { Multipart } from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DigestCheck, type Digests } from '../../ingest/digests.ts'
import { askForBody } from '../body.ts'
import {
  FieldAfterFileError,
  InvalidFieldError,
  InvalidFormError,
  MissingFileError,
  TooManyFilesError,
  UploadAbortedError,
} from '../errors.ts'
import type { UploadFields } from '../schemas/photo-fields.ts'

export type UploadForm = {
  fields: UploadFields
  /** The file, and with its last byte the certainty that the form ended as it should. */
  body: AsyncGenerator<Buffer>
}

/**
 * What makes a part the file: its name, or a file name, or a type that no field has. Clients differ in which of them
 * they send. A part that has the name of a field is that field.
 */
export function isFilePart(fieldNames: readonly string[]) {
  return (
    name: string | undefined,
    contentType: string | undefined,
    fileName: string | undefined,
  ): boolean => {
    if (name !== undefined && fieldNames.includes(name)) return false
    return (
      name === 'file' ||
      fileName !== undefined ||
      /^(?:image\/|application\/octet-stream)/.test(contentType ?? '')
    )
  }
}

/**
 * Reads a form up to its file; `digests` are of the form as a whole. Throws an error for the client when the form is not as the API says. @NOTE The parser
 * skips a part that is not `form-data` (RFC 7578, 4.2) as if it were not there, and nothing tells of it.
 */
export async function readUploadForm(
  request: FastifyRequest,
  reply: FastifyReply,
  { checkFields, digests }: { checkFields: (fields: unknown) => UploadFields; digests: Digests },
): Promise<UploadForm> {
  askForBody(request, reply)
  const check = new DigestCheck(digests)
  if (digests.size > 0) request.raw.on('data', (chunk) => check.update(chunk))
  const parts = request.parts()
  const texts = new Map<string, string>()
  for (;;) {
    const part = await nextPart(request, parts)
    if (!part) throw new MissingFileError()
    if (part.type === 'file') {
      return {
        fields: checkFields(Object.fromEntries(texts)),
        body: wholeForm(request, part.file, { parts, check }),
      }
    }
    const { fieldname: name, value } = part
    const shown = name.slice(0, 40)
    if (part.valueTruncated || typeof value !== 'string')
      throw new InvalidFieldError(`The field "${shown}" must be a short text.`)
    if (texts.has(name)) throw new InvalidFieldError(`The field "${shown}" came twice.`)
    texts.set(name, value)
  }
}

async function* wholeForm(
  request: FastifyRequest,
  file: AsyncIterable<Buffer>,
  { parts, check }: { parts: AsyncIterator<Multipart>; check: DigestCheck },
): AsyncGenerator<Buffer> {
  try {
    yield* file
  } catch (error) {
    throw formError(request, error)
  }
  const extra = await nextPart(request, parts)
  if (extra?.type === 'file') throw new TooManyFilesError()
  if (extra) throw new FieldAfterFileError(extra.fieldname)
  check.finish()
}

/** @NOTE The parser gives a part without a name `undefined` for one, whatever its type says. */
async function nextPart(request: FastifyRequest, parts: AsyncIterator<Multipart>): Promise<Multipart | null> {
  const { done, value } = await parts.next().catch((error) => {
    throw formError(request, error)
  })
  if (done) return null
  if (!value.fieldname) throw new InvalidFormError('A part of the form has no name.')
  return value
}

/** What the parser throws is the client's doing: its form is wrong, or it went away. */
function formError(request: FastifyRequest, error: unknown): Error {
  if (request.raw.destroyed && !request.raw.complete) return new UploadAbortedError({ cause: error })
  const detail = error instanceof Error ? error.message : String(error)
  return new InvalidFormError(`The form can't be read: ${detail}.`, { cause: error })
}

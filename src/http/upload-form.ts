import type { Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import {
  FieldAfterFileError,
  InvalidFieldError,
  InvalidFormError,
  MissingFileError,
  TooManyFilesError,
  UploadAbortedError,
} from '../errors.ts'
import type { FilterBook } from '../filters/filter-book.ts'
import type { Look } from '../photo/look.ts'
import { type Focus, VISIBILITIES, type Visibility } from '../photo/photo.ts'
import { lookOf } from './look.ts'

export type UploadForm = {
  visibility: Visibility
  focus: Focus | null
  look: Look | null
  /** The file, and with its last byte the certainty that the form ended as it should. */
  body: AsyncGenerator<Buffer>
}

type Fields = Map<string, string>
const FIELD_NAMES = ['filter', 'strength', 'visibility', 'focus']

/** Reads a form up to its file. Throws an error for the client when the form is not as the API says. */
export async function readUploadForm(request: FastifyRequest, filters: FilterBook): Promise<UploadForm> {
  const parts = request.parts()
  const fields: Fields = new Map()
  for (;;) {
    const part = await nextPart(request, parts)
    if (!part) throw new MissingFileError()
    if (part.type === 'file') {
      const { file } = part
      return { ...parseFields(fields, filters), body: wholeForm(request, file, parts) }
    }
    const { fieldname: name } = part
    if (!FIELD_NAMES.includes(name)) {
      throw new InvalidFieldError(
        `There is no field "${name.slice(0, 40)}". There are ${FIELD_NAMES.join(', ')} and the file.`,
      )
    }
    if (part.valueTruncated || typeof part.value !== 'string')
      throw new InvalidFieldError(`The field "${name}" must be a short text.`)
    if (fields.has(name)) throw new InvalidFieldError(`The field "${name}" came twice.`)
    fields.set(name, part.value)
  }
}

async function* wholeForm(
  request: FastifyRequest,
  file: AsyncIterable<Buffer>,
  parts: AsyncIterator<Multipart>,
): AsyncGenerator<Buffer> {
  try {
    yield* file
  } catch (error) {
    throw formError(request, error)
  }
  const extra = await nextPart(request, parts)
  if (extra?.type === 'file') throw new TooManyFilesError()
  if (extra) throw new FieldAfterFileError(extra.fieldname)
}

async function nextPart(request: FastifyRequest, parts: AsyncIterator<Multipart>): Promise<Multipart | null> {
  try {
    const { done, value } = await parts.next()
    return done ? null : value
  } catch (error) {
    throw formError(request, error)
  }
}

/** What the parser throws is the client's doing: its form is wrong, or it went away. */
function formError(request: FastifyRequest, error: unknown): Error {
  if (request.raw.destroyed && !request.raw.complete) return new UploadAbortedError({ cause: error })
  const detail = error instanceof Error ? error.message : String(error)
  return new InvalidFormError(`The form can't be read: ${detail}.`, { cause: error })
}

function parseFields(fields: Fields, filters: FilterBook): Omit<UploadForm, 'body'> {
  return {
    visibility: oneOf(fields, 'visibility', VISIBILITIES) ?? 'public',
    focus: parseFocus(fields.get('focus')),
    look: parseLook(fields, filters),
  }
}

function parseLook(fields: Fields, filters: FilterBook): Look | null {
  const [filter, text] = [fields.get('filter'), fields.get('strength')]
  if (filter === undefined) {
    if (text !== undefined) throw new InvalidFieldError('"strength" needs a "filter".')
    return null
  }
  const strength = text === undefined ? 1 : parseFraction(text)
  if (strength === null) throw new InvalidFieldError('"strength" must be a number from 0 to 1.')
  return lookOf(filter, strength, filters)
}

function parseFocus(text: string | undefined): Focus | null {
  if (text === undefined) return null
  const [x = null, y = null, ...rest] = text.split(',').map(parseFraction)
  if (x === null || y === null || rest.length > 0) {
    throw new InvalidFieldError('"focus" must be two numbers from 0 to 1, such as 0.5,0.3.')
  }
  return { x, y }
}

function parseFraction(text: string): number | null {
  const value = /^\s*(\d+\.?\d*|\.\d+)\s*$/.test(text) ? Number(text) : Number.NaN
  return value >= 0 && value <= 1 ? value : null
}

function oneOf<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word | null {
  const text = fields.get(name)
  if (text === undefined) return null
  const word = words.find((candidate) => candidate === text)
  if (!word) throw new InvalidFieldError(`"${name}" must be one of ${words.join(', ')}.`)
  return word
}

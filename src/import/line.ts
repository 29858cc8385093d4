import type { Focus, Visibility } from '../photo/photo.ts'

/** What a source tells of a photo besides its bytes; what it does not tell is null. */
export type Facts = {
  owner: string | null
  /** When it was posted, or else taken. */
  postedAt: Date | null
  /** Its name in the system it comes from: one photo of an owner has it, for ever. */
  externalId: string | null
  visibility: Visibility | null
  alt: string | null
  focus: Focus | null
  filter: string | null
  strength: number | null
  /** Which of the pictures of a post it is, from 0. */
  group: { id: string; position: number } | null
}

export const NO_FACTS: Facts = {
  owner: null,
  postedAt: null,
  externalId: null,
  visibility: null,
  alt: null,
  focus: null,
  filter: null,
  strength: null,
  group: null,
}

/** Where a file lies for whoever reads it later, as src/storage/location.ts writes it, and what is known of it there. */
export type Located = { from: string; etag: string | null; size: number | null; modifiedAt: Date | null }

/** Bytes that may be read again and again. `size` is null where only reading tells; `crc32` where nobody noted it. */
export type SourceFile = {
  /** As the source names it, with `/` between. */
  path: string
  size: number | null
  modifiedAt: Date | null
  crc32: number | null
  /** The stream throws UnreadableFileError. */
  open(): AsyncIterable<Buffer>
  /** Throws UnreadableFileError; null where nobody else can read it, as in a zip. */
  locate: (() => Promise<Located>) | null
}

/** A file to take in, if its first bytes say that it is a photo. */
export type FileLine = { kind: 'file'; file: SourceFile; facts: Facts }

/** What is not taken in, and why: nobody wants it, it was promised and is not there, or it can't be. */
export type ToldLine = {
  kind: 'skipped' | 'missing' | 'refused'
  path: string
  code: string
  message: string
}

/** The same bytes as another line of the source, which is taken in instead. */
export type DuplicateLine = { kind: 'duplicate'; path: string; of: string }

/**
 * One line of what is imported. Each source, whatever its layout, is a sequence of them: the same ones in the same
 * order each time it is read, as long as it has not changed.
 */
export type Line = FileLine | ToldLine | DuplicateLine

export function skipped(path: string, code: string, message: string): ToldLine {
  return { kind: 'skipped', path, code, message }
}

export function missing(path: string, code: string, message: string): ToldLine {
  return { kind: 'missing', path, code, message }
}

export function refused(path: string, code: string, message: string): ToldLine {
  return { kind: 'refused', path, code, message }
}

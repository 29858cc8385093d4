import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { SourceFile } from '../line.ts'

/** What a file says, as JSON of unknown shape; undefined when it says nothing that is JSON. */
export async function readJson(file: SourceFile): Promise<unknown> {
  const written = await text(Readable.from(file.open()))
  try {
    return JSON.parse(written)
  } catch {
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Its fields if it is an object; none otherwise. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text with something in it, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** A moment given in seconds since 1970, as a number or its digits. 0 is how exports write that they know none. */
export function timeOf(value: unknown): Date | null {
  const seconds = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || seconds === 0) return null
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? null : time
}

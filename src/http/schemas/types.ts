import { Type } from 'typebox'

export const oneOf = <Word extends string>(words: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: words, ...(description && { description }) })

export const nullable = <Schema extends object>(schema: Schema & Parameters<typeof Type.Union>[0][number]) =>
  Type.Union([schema, Type.Null()])

/** In a query: words separated by commas. */
export const list = <Word extends Parameters<typeof Type.Array>[0]>(word: Word, description: string) =>
  Type.Array(word, { minItems: 1, style: 'form', explode: false, description })

/** A route that takes nothing in its query says so, instead of ignoring what was meant to do something. */
export const noQuery = Type.Object({}, { additionalProperties: false })

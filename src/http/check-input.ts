import type { FastifySchemaCompiler } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { DarkroomError, InvalidPhotoIdError } from '../errors.ts'
import { InvalidCursorError, InvalidFieldError, InvalidRequestError } from './errors.ts'

type Check<Schema extends TSchema> = (input: unknown) => Static<Schema>
type Problem = ReturnType<ReturnType<typeof Compile>['Errors']>[number]

/**
 * What clients send is checked by the schemas that OpenAPI is made of, as it is: nothing is coerced, dropped or filled
 * in. The check returns its input, or throws InvalidFieldError, InvalidPhotoIdError, InvalidCursorError or
 * InvalidRequestError.
 */
function checkOf<Schema extends TSchema>(schema: Schema): Check<Schema> {
  const compiled = Compile(schema)
  return (input) => {
    if (compiled.Check(input)) return input as Static<Schema>
    throw inputError(compiled.Errors(input), schema as unknown as TObject, input)
  }
}

/** For a query or a form, where all is text: numbers are read as JSON writes them, lists as words between commas, and then checked like any others. */
export function textCheckOf<Schema extends TObject>(schema: Schema): Check<Schema> {
  const check = checkOf(schema)
  return (texts) => check(readTexts(schema, texts as Record<string, unknown>))
}

/** Fastify's way to the checks. */
export const compileInput: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = httpPart === 'querystring' ? textCheckOf(schema as TObject) : checkOf(schema)
  return (input: unknown) => {
    try {
      return { value: check(input) }
    } catch (error) {
      if (error instanceof DarkroomError) return { error }
      // What is returned is the client's fault to Fastify.
      throw error
    }
  }
}

const NUMBER = /^-?(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?$/i

function readTexts({ properties }: TObject, texts: Record<string, unknown>): Record<string, unknown> {
  const read = ([name, text]: [string, unknown]): [string, unknown] => {
    const { type } = (properties[name] ?? {}) as { type?: string }
    return [name, typeof text === 'string' ? readText(text, type) : text]
  }
  return Object.fromEntries(Object.entries(texts).map(read))
}

function readText(text: string, type: string | undefined): unknown {
  switch (type) {
    case 'number':
    case 'integer':
      return NUMBER.test(text) ? Number(text) : text
    case 'array':
      return text.split(',')
    default:
      return text
  }
}

function inputError(problems: readonly Problem[], schema: TObject, input: unknown): DarkroomError {
  // A name too many is a problem of its value first, and of the whole at the end of a list that is cut at eight.
  const problem =
    problems.find(({ keyword, instancePath }) => keyword === 'anyOf' && instancePath === '') ??
    problems.find(({ keyword }) => keyword !== 'boolean')
  const [, name] = problem?.instancePath.split('/') ?? []
  if (problem === undefined || name === undefined) return wholeError(problem, schema, input)
  return fieldError(name, problem, schema, input)
}

/** What is wrong with the names there are; without a problem, that there is one too many. */
function wholeError(
  problem: Problem | undefined,
  { properties, anyOf }: TObject & { anyOf?: readonly { required: readonly string[] }[] },
  input: unknown,
): DarkroomError {
  switch (problem?.keyword) {
    case 'anyOf': {
      const names = anyOf?.map(({ required }) => required.map((name) => `"${name}"`).join(' with '))
      return new InvalidFieldError(`${names?.join(' or ')} is missing.`)
    }
    case 'required':
      return new InvalidFieldError(`"${problem.params.requiredProperties[0]}" is missing.`)
    case 'dependentRequired':
      return new InvalidFieldError(`"${problem.params.property}" needs "${problem.params.dependencies[0]}".`)
    case 'additionalProperties':
    case undefined: {
      const unknown = Object.keys(input as object).find((name) => !Object.hasOwn(properties, name)) ?? ''
      const known = Object.keys(properties).join(', ') || 'none'
      return new InvalidFieldError(`"${unknown.slice(0, 40)}" is not known here. There are: ${known}.`)
    }
    default:
      return new InvalidRequestError('The body must be a JSON object.')
  }
}

function fieldError(name: string, problem: Problem, { properties }: TObject, input: unknown): DarkroomError {
  switch (name) {
    case 'id':
    case 'around':
      return new InvalidPhotoIdError(String((input as Record<string, unknown>)[name]))
    case 'before':
    case 'after':
      return new InvalidCursorError(name)
  }
  const { description } = (properties[name] ?? {}) as { description?: string }
  const rule =
    problem.keyword === 'enum'
      ? `must be one of ${problem.params.allowedValues.join(', ')}`
      : (description ?? problem.message)
  return new InvalidFieldError(`"${name}" is not valid: ${rule}.`.replace(/\.\.$/, '.'))
}

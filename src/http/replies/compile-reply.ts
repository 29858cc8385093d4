import fastJsonStringify from 'fast-json-stringify'
import type { FastifySerializerCompiler } from 'fastify'

const compiled = new Map<string, (reply: unknown) => string>()

/**
 * Writes replies by the schemas that OpenAPI is made of, as Fastify does by itself, and compiles each schema once. Nine
 * in ten are those of problems that all routes have: without this, a server would compile for most of its start.
 */
export const compileReply: FastifySerializerCompiler<fastJsonStringify.Schema> = ({ schema }) => {
  const key = JSON.stringify(schema)
  const write = compiled.get(key) ?? fastJsonStringify(schema)
  compiled.set(key, write)
  return write
}

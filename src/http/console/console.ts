import type { FastifyPluginAsync } from 'fastify'
import { type PageOptions, pageRoutes } from './page.ts'
import { type SessionOptions, sessionRoutes } from './session.ts'

export type ConsoleOptions = PageOptions & SessionOptions

/** The page to look at, and who is signed in there. None of it is of the API: it is the page's own, and not in OpenAPI. */
export function consoleRoutes(options: ConsoleOptions): FastifyPluginAsync {
  return async (app) => {
    await app.register(pageRoutes(options))
    await app.register(sessionRoutes(options))
  }
}

import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { ConsoleCodes } from '../../catalog/console-codes.ts'
import type { Log } from '../../log.ts'
import type { Authenticate } from '../auth/authenticate.ts'
import type { Sign } from '../auth/open-tokens.ts'
import {
  ConsoleCodeSpentError,
  ForeignOriginError,
  InvalidFieldError,
  UnauthenticatedError,
} from '../errors.ts'
import { createRequestRates, type RequestRates } from '../limits/request-rates.ts'

/** A day: whoever comes back tomorrow gets another link. */
const SESSION_S = 24 * 3600
/** Tries to sign in of one address, a second. */
const TRIES_PER_SECOND = 2
/** Browsers drop cookies of more than 4 kB. */
const MAX_TOKEN = 3_800

const COOKIE = 'darkroom_console'

const signIn = Type.Object(
  {
    code: Type.Optional(
      Type.String({ maxLength: 100, description: 'what the link that was printed ends with' }),
    ),
    token: Type.Optional(
      Type.String({ maxLength: MAX_TOKEN, description: `a token of at most ${MAX_TOKEN} characters` }),
    ),
  },
  { additionalProperties: false },
)

export type SessionOptions = {
  codes: Pick<ConsoleCodes, 'spend'>
  authenticate: Authenticate
  /** Null where an issuer makes tokens: then no code lets anybody in. */
  sign: Sign | null
  publicUrl: string
  basePath: string
  counters: RequestRates['counters']
  log: Log
}

/**
 * Who is signed in on the page, as a cookie that only these routes get and no script reads: it holds the owner's token.
 * `POST /console/session` signs in by a code or a token, `DELETE` signs out, and `POST /console/token` answers with the token, and whose it is,
 * which the page sends with all else that it asks. The API itself takes no cookie.
 */
export function sessionRoutes(options: SessionOptions): FastifyPluginAsyncTypebox {
  const { codes, authenticate, sign, publicUrl, basePath, counters, log } = options
  const { origin, protocol } = new URL(publicUrl)
  const attributes = `; Path=${basePath}/console; HttpOnly; SameSite=Strict${protocol === 'https:' ? '; Secure' : ''}`
  const cookie = (token: string, seconds: number) => `${COOKIE}=${token}; Max-Age=${seconds}${attributes}`

  const tokenOf = async (code: string): Promise<string> => {
    const entrant = await codes.spend(code)
    if (!entrant || !sign) throw new ConsoleCodeSpentError()
    return await sign(entrant.owner, SESSION_S, entrant)
  }

  return async (app) => {
    const checkRate = await createRequestRates(
      app,
      { name: 'sign-in', perOwner: null, perAddress: TRIES_PER_SECOND, counters },
      log,
    )
    app.addHook('onRequest', async (request) => {
      if (!isOfPage(request, origin)) throw new ForeignOriginError()
    })
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.post(
      '/console/session',
      { schema: { hide: true, body: signIn }, onRequest: checkRate },
      async ({ body: { code, token: given } }, reply) => {
        if ((code === undefined) === (given === undefined))
          throw new InvalidFieldError('Send "code" or "token", and not both.')
        const token = given ?? (await tokenOf(code as string))
        const { expiresAt } = await authenticate(`Bearer ${token}`)
        const seconds = Math.floor((expiresAt - Date.now()) / 1000)
        return reply.code(204).header('set-cookie', cookie(token, seconds)).send()
      },
    )

    app.post('/console/token', { schema: { hide: true } }, async ({ headers }) => {
      const token = readCookie(headers.cookie)
      if (!token) throw new UnauthenticatedError('Nobody is signed in here.')
      const { owner, expiresAt } = await authenticate(`Bearer ${token}`)
      return { token, owner, expiresAt: new Date(expiresAt).toISOString() }
    })

    app.delete('/console/session', { schema: { hide: true } }, async (_request, reply) =>
      reply.code(204).header('set-cookie', cookie('', 0)).send(),
    )
  }
}

/**
 * Browsers name the origin of the page with all that is no GET (https://fetch.spec.whatwg.org/#origin-header). Ours is that of
 * PUBLIC_URL, or the one that was asked: a page from elsewhere has another.
 */
function isOfPage({ headers: { origin, host } }: FastifyRequest, ours: string): boolean {
  return origin === ours || (host !== undefined && URL.parse(origin ?? '')?.host === host)
}

function readCookie(header = ''): string | null {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(header)?.[1] ?? null
}

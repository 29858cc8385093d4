import { signal } from '@preact/signals'
import { DarkroomClient, type Me, Problem } from 'darkroom-client'
import { API } from './place.ts'

/** Who uses the page. `out` tells why, when somebody meant to come in. */
export type Session =
  | { kind: 'opening' }
  | { kind: 'out'; problem: 'code_spent' | 'token_refused' | 'unreachable' | null }
  | { kind: 'in'; owner: string; isOperator: boolean }

export const session = signal<Session>({ kind: 'opening' })

/** What opens the API, kept in this page's memory alone. A cookie that no script can read gives another one. */
let bearer: { token: string; expiresAt: number } | null = null
const MARGIN_MS = 30_000

const CODE = /^#code=([\w-]+)$/

/** All that the page asks of Darkroom. */
export const client = new DarkroomClient({ url: API, token: async ({ isRefused }) => await token(isRefused) })

// A link that is pasted where the page is open already loads nothing by itself. Another viewer gets a page that knows of nobody else.
addEventListener('hashchange', () => {
  if (CODE.test(location.hash)) location.reload()
})

/** Signs in by the code of the link that was opened, or as whoever was signed in before. */
export async function open(): Promise<void> {
  const code = takeCode()
  try {
    if (code !== null) await post('session', { code })
    await enter()
  } catch (error) {
    session.value = {
      kind: 'out',
      problem: code === null ? passing(error) : (passing(error) ?? 'code_spent'),
    }
  }
}

/** Signs in by a token of the app's own. */
export async function signIn(token: string): Promise<void> {
  try {
    await post('session', { token })
    await enter()
  } catch (error) {
    session.value = { kind: 'out', problem: passing(error) ?? 'token_refused' }
  }
}

/** The page is loaded again, so that whoever signs in next finds nothing of this viewer's in it. */
export async function signOut(): Promise<void> {
  bearer = null
  try {
    await ask('session', { method: 'DELETE' })
    location.reload()
  } catch (error) {
    session.value = { kind: 'out', problem: passing(error) }
  }
}

async function enter(): Promise<void> {
  await renew()
  const me: Me = await client.me()
  session.value = { kind: 'in', owner: me.owner, isOperator: me.role === 'operator' }
}

async function token(isRefused: boolean): Promise<string> {
  if (isRefused || !bearer || bearer.expiresAt < Date.now() + MARGIN_MS) await renew()
  return (bearer as { token: string }).token
}

let renewing: Promise<void> | null = null

/** Once for all who want one at a time. */
async function renew(): Promise<void> {
  renewing ??= renewed().finally(() => {
    renewing = null
  })
  await renewing
}

async function renewed(): Promise<void> {
  const reply = await post('token', {})
  const { token, owner, expiresAt } = (await reply.json()) as Record<'token' | 'owner' | 'expiresAt', string>
  // Somebody else has signed in by another tab.
  if (session.value.kind === 'in' && session.value.owner !== owner) {
    location.reload()
    throw new Problem({ status: 401, code: 'session_refused', message: `This is ${owner}'s session now.` })
  }
  bearer = { token, expiresAt: Date.parse(expiresAt) }
}

/** The code is out of the address bar and the history before anything is asked for. */
function takeCode(): string | null {
  const code = CODE.exec(location.hash)?.[1] ?? null
  if (code !== null)
    history.replaceState(history.state, '', `${location.pathname}${location.search}#/develop`)
  return code
}

async function post(what: 'session' | 'token', body: object): Promise<Response> {
  return await ask(what, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Throws Problem. A session that has ended ends this page's, too. */
async function ask(what: 'session' | 'token', init: RequestInit): Promise<Response> {
  const reply = await fetch(new URL(`console/${what}`, API), init).catch((cause: unknown) => {
    throw new Problem({ status: 0, code: 'unreachable', message: String(cause) }, { cause })
  })
  if (reply.ok) return reply
  if (what === 'token' && reply.status === 401 && session.value.kind === 'in')
    session.value = { kind: 'out', problem: null }
  throw new Problem({ status: reply.status, code: 'session_refused', message: reply.statusText })
}

function passing(error: unknown): 'unreachable' | null {
  return error instanceof Problem && error.isPassing ? 'unreachable' : null
}

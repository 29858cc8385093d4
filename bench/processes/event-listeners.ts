// Viewers who listen to what happens, each over a connection of their own.
import { Agent, get, type IncomingMessage } from 'node:http'
import { signToken } from '../../src/http/auth/sign-token.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { answer } from '../script-process.ts'

export type ListenersQuestion =
  | { ask: 'open'; url: string; secret: string; viewers: readonly string[] }
  /** When each of the photos was told of, in milliseconds since 1970, once all were. */
  | { ask: 'told'; photos: readonly string[] }

const OPENED_AT_ONCE = 50
const told = new Map<string, number>()

answer<ListenersQuestion, number[]>(async (question) => {
  if (question.ask === 'told') {
    while (!question.photos.every((photo) => told.has(photo)))
      await new Promise((resolve) => setTimeout(resolve, 20))
    return question.photos.map((photo) => told.get(photo) as number)
  }
  const { url, secret, viewers } = question
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
  for (let n = 0; n < viewers.length; n += OPENED_AT_ONCE) {
    await Promise.all(
      viewers.slice(n, n + OPENED_AT_ONCE).map(async (viewer) => {
        const token = await signToken(secret, viewer as OwnerId, 3_600)
        await listen(agent, url, token)
      }),
    )
  }
  return []
})

async function listen(agent: Agent, url: string, token: string): Promise<void> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}/v1/events`, { agent, headers: { authorization: `Bearer ${token}` } }, resolve).on(
      'error',
      reject,
    )
  })
  if (reply.statusCode !== 200) throw new Error(`${url}/v1/events answered ${reply.statusCode}.`)
  reply.setEncoding('utf8').on('data', (text: string) => {
    const at = Date.now()
    for (const [, photo] of text.matchAll(/"photo":"(\d+)"/g))
      if (photo && !told.has(photo)) told.set(photo, at)
  })
}

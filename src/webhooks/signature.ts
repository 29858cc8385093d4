import { createHmac } from 'node:crypto'

/** What is sent, and again byte for byte under the same id until it is accepted. */
export type Message = { id: string; body: string }

/**
 * The headers that say of whom a message is, by the rules of https://www.standardwebhooks.com: signed with each of the
 * secrets, so that an app may know one or the other while they change.
 */
export function signedHeaders(
  { id, body }: Message,
  secrets: readonly Buffer[],
  at: Date,
): Record<string, string> {
  const seconds = Math.floor(at.getTime() / 1000)
  const signatures = secrets.map((secret) => {
    const digest = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64')
    return `v1,${digest}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}

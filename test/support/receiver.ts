import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook as Verifier } from 'standardwebhooks'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** What came, byte for byte. It was verified before it was kept. */
export type Received = { id: string; body: string; signature: string; headers: IncomingMessage['headers'] }

export type Reply = (message: Received, response: ServerResponse) => unknown

/** An app's webhook as a server of its own: keeps what it accepts and what not, and answers 204 until told otherwise. */
export type Receiver = AsyncDisposable & {
  url: string
  /** The environment of who sends to it. */
  env: Record<string, string>
  /** All that came, in order, whatever was answered. */
  received: Received[]
  /** Of those, what was answered with 2xx. */
  accepted: Received[]
  reply: Reply
}

export async function openReceiver({ secret = SECRET, host = '127.0.0.1' } = {}): Promise<Receiver> {
  const verifier = new Verifier(secret)
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const headers = request.headers as Record<string, string>
    verifier.verify(body, headers)
    const { 'webhook-id': id = '', 'webhook-signature': signature = '' } = headers
    const message = { id, body, signature, headers: request.headers }
    receiver.received.push(message)
    response.on('finish', () => {
      if (response.statusCode < 300) receiver.accepted.push(message)
    })
    await receiver.reply(message, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://${host}:${(server.address() as AddressInfo).port}/hooks`
  const receiver: Receiver = {
    url,
    env: { WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET, WEBHOOK_NETWORKS: '127.0.0.0/8,::1' },
    received: [],
    accepted: [],
    reply: (_message, response) => response.writeHead(204).end(),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return receiver
}

/** Answers each with that status. */
export const always =
  (status: number, headers: Record<string, string> = {}, body = ''): Reply =>
  (_message, response) =>
    response.writeHead(status, headers).end(body)

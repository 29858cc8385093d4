// An app's server, which reads the messages it is sent, knows them by their signature, and counts whom new photos are for.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { answer } from '../script-process.ts'

export type Told = { port: number; viewers: number }

const secret = Buffer.from((process.argv[2] ?? '').slice('whsec_'.length), 'base64')
let viewers = 0

const server = createServer(async (request, response) => {
  const body = await text(request)
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers
  const digest = createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest('base64')
  if (signature !== `v1,${digest}`) return response.writeHead(401).end()
  const message = JSON.parse(body) as { type: string; data: { viewers: string[] } }
  if (message.type === 'feed.new') viewers += message.data.viewers.length
  response.writeHead(204).end()
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo

answer<object, Told>(async () => ({ port, viewers }))

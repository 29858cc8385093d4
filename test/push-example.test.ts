import { spawn } from 'node:child_process'
import { generateKeyPairSync, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { feedMessage, testMessage } from '../src/webhooks/messages.ts'
import { signedHeaders } from '../src/webhooks/signature.ts'
import { Webhook } from '../src/webhooks/webhook.ts'
import { SECRET } from './support/receiver.ts'

const DOCS = join(import.meta.dirname, '../docs')
const secret = Buffer.from(SECRET.slice('whsec_'.length), 'base64')

test("the ten lines of docs/webhooks.md know our messages from others'", async () => {
  const page = await readFile(join(DOCS, 'webhooks.md'), 'utf8')
  const [, code = ''] = /```js\n([^`]*`[^`]*`[^`]*)```/.exec(page) ?? []
  const { isOfDarkroom } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  const message = testMessage(new Date())
  const headers = signedHeaders(message, [Buffer.alloc(32), secret], new Date())

  expect(isOfDarkroom(headers, message.body, SECRET)).toBe(true)
  expect(isOfDarkroom(headers, `${message.body} `, SECRET)).toBe(false)
  expect(isOfDarkroom(headers, message.body, `whsec_${Buffer.alloc(32, 1).toString('base64')}`)).toBe(false)
  const old = signedHeaders(message, [secret], new Date(Date.now() - 600_000))
  expect(isOfDarkroom(old, message.body, SECRET)).toBe(false)
})

/** As APNs and FCM answer, by what their documentation says. */
async function openPushServices() {
  const pushed: { to: string; headers: IncomingHttpHeaders; body: unknown }[] = []
  const apns = createHttp2Server()
  apns.on('stream', async (stream, headers) => {
    const to = String(headers[':path'])
    pushed.push({ to, headers, body: await json(stream) })
    stream.respond({ ':status': to.endsWith('gone') ? 410 : 200 })
    stream.end(to.endsWith('gone') ? '{"reason":"Unregistered"}' : '')
  })
  const fcm = createServer(async (request, response) => {
    const body = await text(request)
    response.setHeader('content-type', 'application/json')
    if (request.url === '/token') {
      pushed.push({ to: '/token', headers: {}, body: new URLSearchParams(body) })
      return response.end('{"access_token":"ya29"}')
    }
    pushed.push({ to: String(request.url), headers: request.headers, body: JSON.parse(body) })
    response.end('{}')
  })
  for (const server of [apns, fcm]) await once(server.listen(0, '127.0.0.1'), 'listening')
  const urlOf = (server: { address(): unknown }) =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    pushed,
    apnsUrl: urlOf(apns),
    fcmUrl: urlOf(fcm),
    [Symbol.asyncDispose]: async () => {
      fcm.closeAllConnections()
      fcm.close()
      apns.close()
    },
  }
}

test('docs/push-example.ts verifies what it is sent, and pushes new photos by APNs and FCM', async () => {
  await using home = await mkdtempDisposable(join(tmpdir(), 'darkroom-push-'))
  await using services = await openPushServices()
  const apple = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const google = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = { type: 'pkcs8', format: 'pem' } as const
  await writeFile(join(home.path, 'apple.p8'), apple.privateKey.export(pem))
  const account = {
    client_email: 'push@example.iam.gserviceaccount.com',
    private_key: google.privateKey.export(pem),
    project_id: 'example',
    token_uri: `${services.fcmUrl}/token`,
  }
  await writeFile(join(home.path, 'google.json'), JSON.stringify(account))
  const port = await freePort()
  const child = spawn(process.execPath, [join(DOCS, 'push-example.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PORT: String(port),
      WEBHOOK_SECRET: SECRET,
      APNS_URL: services.apnsUrl,
      APNS_KEY_FILE: join(home.path, 'apple.p8'),
      APNS_KEY_ID: 'KEY',
      APNS_TEAM_ID: 'TEAM',
      APNS_TOPIC: 'com.example.app',
      FCM_URL: services.fcmUrl,
      FCM_ACCOUNT_FILE: join(home.path, 'google.json'),
      DEVICES: JSON.stringify({
        vera: { kind: 'apns', token: 'phone' },
        walt: { kind: 'apns', token: 'gone' },
        xeno: { kind: 'fcm', token: 'android' },
      }),
    },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk))
  await expect.poll(() => printed).toContain('listening')
  const config = { url: `http://127.0.0.1:${port}/`, networks: ['127.0.0.1'] }
  using webhook = new Webhook({ ...config, secrets: [secret] })
  using stranger = new Webhook({ ...config, secrets: [Buffer.alloc(32)] })
  const id = '772370823014401399' as PhotoId
  const viewers = ['vera', 'walt', 'xeno', 'yara'] as OwnerId[]
  const message = feedMessage({ event: id, photo: id, owner: 'alice' as OwnerId, viewers })

  expect(await stranger.send(message)).toMatchObject({ kind: 'refused', status: 401 })
  expect(await webhook.send(testMessage(new Date()))).toMatchObject({ kind: 'accepted' })
  expect(services.pushed).toEqual([])
  expect(await webhook.send(message)).toMatchObject({ kind: 'accepted' })

  const to = (path: string) => services.pushed.find((each) => each.to === path)
  const phone = to('/3/device/phone')
  expect(phone?.headers).toMatchObject({ 'apns-topic': 'com.example.app', 'apns-collapse-id': id })
  expect(phone?.body).toMatchObject({ photo: id, aps: { alert: 'alice has a new photo' } })
  const [header, claims, signature] = String(phone?.headers.authorization).slice('bearer '.length).split('.')
  const key = { key: apple.publicKey, dsaEncoding: 'ieee-p1363' } as const
  expect(
    verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature ?? '', 'base64url')),
  ).toBe(true)
  expect(to('/v1/projects/example/messages:send')).toMatchObject({
    headers: { authorization: 'Bearer ya29' },
    body: { message: { token: 'android', data: { photo: id }, android: { collapse_key: id } } },
  })
  const form = to('/token')?.body as URLSearchParams | undefined
  const assertion = form?.get('assertion') ?? ''
  const [first, second, third] = assertion.split('.')
  expect(
    verify(
      'sha256',
      Buffer.from(`${first}.${second}`),
      google.publicKey,
      Buffer.from(third ?? '', 'base64url'),
    ),
  ).toBe(true)
  expect(printed).toContain('forget gone')
  child.kill()
  await once(child, 'exit')
})

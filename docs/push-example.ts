// What an app's server does with webhooks: it verifies them, and pushes new photos to phones by APNs and FCM. It wants nothing
// but Node 24. Of your own is `devicesOf`; docs/webhooks.md says the rest.
//
//   WEBHOOK_SECRET=whsec_… APNS_KEY_FILE=AuthKey_ABC.p8 APNS_KEY_ID=… APNS_TEAM_ID=… APNS_TOPIC=com.example.app \
//   FCM_ACCOUNT_FILE=service-account.json node docs/push-example.ts
import { createHmac, createPrivateKey, type KeyObject, sign, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { env } from 'node:process'
import { text } from 'node:stream/consumers'

type Device = { kind: 'apns' | 'fcm'; token: string }
type FeedNew = { photo: string; owner: string; viewers: string[] }
type Message = { type: string; timestamp: string; data: FeedNew }

/** The devices of these viewers, who want to be told of the owner's photos. Your database has them. */
async function devicesOf(viewers: readonly string[]): Promise<Device[]> {
  const devices = JSON.parse(env.DEVICES ?? '{}') as Record<string, Device>
  return viewers.flatMap((viewer) => devices[viewer] ?? [])
}

/** A device that is gone for good. */
async function forget({ token }: Device): Promise<void> {
  console.log('forget', token)
}

/** Throws unless the message comes from who knows the secret, and is at most five minutes old. */
function verify(headers: IncomingHttpHeaders, body: string): void {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures } = headers
  const secret = Buffer.from((env.WEBHOOK_SECRET ?? '').replace('whsec_', ''), 'base64')
  const wanted = createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest()
  const isSigned = String(signatures)
    .split(' ')
    .map((signature) => Buffer.from(signature.replace('v1,', ''), 'base64'))
    .some((given) => given.length === wanted.length && timingSafeEqual(given, wanted))
  if (!isSigned || !(Math.abs(Date.now() / 1000 - Number(at)) < 300)) throw new Error('not of Darkroom')
}

/** A token as both services take it. Apple's key is of P-256, Google's of RSA. */
function jwt(header: object, claims: object, key: KeyObject): string {
  const parts = [{ typ: 'JWT', ...header }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = sign('sha256', Buffer.from(parts.join('.')), { key, dsaEncoding: 'ieee-p1363' })
  return [...parts, signature.toString('base64url')].join('.')
}

const seconds = () => Math.floor(Date.now() / 1000)

/** What `make` gives, made anew when it is older than so many seconds: Apple takes none older than an hour, nor many. */
function renewed<Value>(ageS: number, make: () => Value): () => Value {
  let made: { at: number; value: Value } | null = null
  return () => {
    if (made === null || seconds() - made.at > ageS) made = { at: seconds(), value: make() }
    return made.value
  }
}

const appleToken = renewed(2_400, () => {
  const key = createPrivateKey(readFileSync(env.APNS_KEY_FILE ?? ''))
  return jwt({ alg: 'ES256', kid: env.APNS_KEY_ID }, { iss: env.APNS_TEAM_ID, iat: seconds() }, key)
})

let apple: ClientHttp2Session | null = null

/** One connection for all devices, with as many requests at a time as Apple allows. */
function appleSession(): ClientHttp2Session {
  if (apple === null || apple.closed || apple.destroyed) {
    apple = connect(env.APNS_URL ?? 'https://api.push.apple.com')
    apple.on('error', () => {})
  }
  return apple
}

async function pushToApple(device: Device, { photo, owner }: FeedNew): Promise<void> {
  const request = appleSession().request({
    ':method': 'POST',
    ':path': `/3/device/${device.token}`,
    authorization: `bearer ${appleToken()}`,
    'apns-topic': env.APNS_TOPIC,
    'apns-push-type': 'alert',
    // Pushed twice, the phone shows it once.
    'apns-collapse-id': photo,
  })
  request.end(JSON.stringify({ aps: { alert: `${owner} has a new photo`, 'mutable-content': 1 }, photo }))
  const status = await new Promise<number>((resolve, reject) => {
    request.on('response', (headers) => resolve(headers[':status'] ?? 0)).on('error', reject)
  })
  const reason = await text(request)
  if (status === 410) await forget(device)
  else if (status !== 200) throw new Error(`APNs answered ${status}: ${reason}`)
}

const googleAccount = () =>
  JSON.parse(readFileSync(env.FCM_ACCOUNT_FILE ?? '', 'utf8')) as Record<
    'client_email' | 'private_key' | 'project_id' | 'token_uri',
    string
  >

const googleToken = renewed(2_400, async () => {
  const { client_email: iss, private_key: key, token_uri: aud } = googleAccount()
  const scope = 'https://www.googleapis.com/auth/firebase.messaging'
  const claims = { iss, aud, scope, iat: seconds(), exp: seconds() + 3_600 }
  const assertion = jwt({ alg: 'RS256' }, claims, createPrivateKey(key))
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  const reply = await fetch(aud, { method: 'POST', body })
  return ((await reply.json()) as { access_token: string }).access_token
})

async function pushToGoogle(device: Device, { photo, owner }: FeedNew): Promise<void> {
  const origin = env.FCM_URL ?? 'https://fcm.googleapis.com'
  const message = {
    token: device.token,
    notification: { title: `${owner} has a new photo` },
    data: { photo },
    android: { collapse_key: photo, notification: { tag: photo } },
  }
  const reply = await fetch(`${origin}/v1/projects/${googleAccount().project_id}/messages:send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await googleToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ message }),
  })
  const answer = await reply.text()
  if (reply.status === 404) await forget(device)
  else if (!reply.ok) throw new Error(`FCM answered ${reply.status}: ${answer}`)
}

/**
 * What is not pushed makes the message come again, as nothing but 2xx is taken. A large app writes the message to a queue of
 * its own instead, and answers at once: Darkroom waits for 15 s.
 */
async function take({ type, data }: Message): Promise<void> {
  if (type !== 'feed.new') return
  const devices = await devicesOf(data.viewers)
  await Promise.all(
    devices.map(async (device) => await (device.kind === 'apns' ? pushToApple : pushToGoogle)(device, data)),
  )
}

const server = createServer(async (request, response) => {
  const body = await text(request)
  try {
    verify(request.headers, body)
  } catch {
    return response.writeHead(401).end()
  }
  try {
    await take(JSON.parse(body) as Message)
    response.writeHead(204).end()
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
})
server.listen(Number(env.PORT ?? 8080), '127.0.0.1', () => console.log('listening', server.address()))

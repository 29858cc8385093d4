import { randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { createServer } from 'node:net'
import { Webhook as Verifier } from 'standardwebhooks'
import { describe, expect, test, vi } from 'vitest'
import { loadConfig, type WebhookConfig } from '../src/config/config.ts'
import { AllowedAddresses } from '../src/webhooks/allowed-addresses.ts'
import { signedHeaders } from '../src/webhooks/signature.ts'
import { Webhook } from '../src/webhooks/webhook.ts'
import { always, openReceiver, type Receiver, type Reply, SECRET } from './support/receiver.ts'

const MESSAGE = { id: 'msg_1', body: '{"type":"webhook.test","data":{"name":"Ærøskøbing 📷"}}' }
const ANSWER_MS = 300

const configOf = (env: Record<string, string>) => loadConfig(env).webhook as WebhookConfig

async function sendTo({ env }: Receiver, change: Record<string, string> = {}) {
  using webhook = new Webhook(configOf({ ...env, ...change }), { answerMs: ANSWER_MS })
  return await webhook.send(MESSAGE)
}

/** As if a resolver of the machine's gave these, which may be others each time. */
function resolvingTo(addresses: () => readonly string[]) {
  const lookup = (_name: string, _options: object, answer: (error: null, all: object[]) => void) =>
    answer(
      null,
      addresses().map((address) => ({ address, family: 4 })),
    )
  return vi.spyOn(dns, 'lookup').mockImplementation(lookup as never)
}

describe('a signature', () => {
  test('is one that the reference implementation of Standard Webhooks makes, byte for byte', () => {
    const at = new Date('2026-12-01T00:00:00.999Z')

    for (const bytes of [24, 32, 64]) {
      const secret = randomBytes(bytes)
      const headers = signedHeaders(MESSAGE, [secret], at)

      const verifier = new Verifier(`whsec_${secret.toString('base64')}`)
      expect(headers['webhook-signature']).toBe(verifier.sign(MESSAGE.id, at, MESSAGE.body))
      expect(headers['webhook-timestamp']).toBe('1796083200')
    }
  })

  test('is one of each secret while they change, so that an app may know either', async () => {
    const [before, after] = [SECRET, `whsec_${randomBytes(32).toString('base64')}`]

    for (const known of [before, after]) {
      await using receiver = await openReceiver({ secret: known })
      expect(await sendTo(receiver, { WEBHOOK_SECRET: `${before}, ${after}` })).toMatchObject({
        kind: 'accepted',
      })
      expect(receiver.accepted[0]?.signature).toMatch(/^v1,\S+ v1,\S+$/)
    }
  })
})

describe('the configuration', () => {
  const url = { WEBHOOK_URL: 'https://app.example.com/hooks' }

  test('is none unless there is a URL', () => {
    expect(loadConfig({}).webhook).toBeNull()
    expect(() => loadConfig({ WEBHOOK_SECRET: SECRET })).toThrow(
      'WEBHOOK_SECRET is of no use without WEBHOOK_URL',
    )
    expect(() => loadConfig(url)).toThrow('WEBHOOK_SECRET is needed with WEBHOOK_URL')
  })

  test.each(['hunter2hunter2hunter2hunter2', 'whsec_c2hvcnQ=', `${SECRET},${SECRET},${SECRET}`])(
    'refuses secrets that are none, and does not show them: %s',
    (secret) => {
      const load = () => loadConfig({ ...url, WEBHOOK_SECRET: secret })

      expect(load).toThrow(/WEBHOOK_SECRET (must be whsec_|may have two)/)
      expect(load).not.toThrow(secret)
    },
  )

  test('wants https, but for private networks', () => {
    const plain = { WEBHOOK_URL: 'http://app.internal/hooks', WEBHOOK_SECRET: SECRET }

    expect(() => loadConfig(plain)).toThrow('WEBHOOK_URL must begin with https://')
    expect(configOf({ ...plain, WEBHOOK_NETWORKS: '10.0.0.0/8' }).networks).toEqual(['10.0.0.0/8'])
  })
})

describe('an answer', () => {
  const replies: [string, Reply, { kind: string; because: RegExp }][] = [
    ['200', always(200, {}, 'thanks'), { kind: 'accepted', because: /200: thanks/ }],
    ['204', always(204), { kind: 'accepted', because: /204/ }],
    [
      '400',
      always(400, {}, 'who\n\u001b[31m?'),
      { kind: 'refused', because: /^It answered 400: who \[31m\?$/ },
    ],
    ['500', always(500), { kind: 'refused', because: /500/ }],
    ['410, as of an app that wants no more', always(410), { kind: 'gone', because: /410/ }],
    ['503', always(503), { kind: 'unavailable', because: /503/ }],
    [
      'a redirect, which is not followed',
      always(307, { location: 'http://169.254.169.254/latest/meta-data' }),
      { kind: 'unavailable', because: /307 to http:\/\/169\.254.* set WEBHOOK_URL/ },
    ],
    ['none at all', () => {}, { kind: 'refused', because: /did not answer within 0\.3 s/ }],
    [
      'one that does not end',
      (_message, response) => response.writeHead(200).write('a'),
      { kind: 'refused', because: /did not answer within|failed before it had answered/ },
    ],
    [
      'a connection that is cut',
      (_message, response) => response.socket?.destroy(),
      { kind: 'refused', because: /failed before it had answered/ },
    ],
    [
      'headers without an end',
      (_message, response) => response.writeHead(200, { long: 'a'.repeat(100_000) }).end(),
      { kind: 'refused', because: /failed before it had answered/ },
    ],
  ]

  test.each(replies)('of %s', async (_name, reply, expected) => {
    await using receiver = await openReceiver()
    receiver.reply = reply

    const answer = await sendTo(receiver)

    expect(answer).toMatchObject({ kind: expected.kind, because: expect.stringMatching(expected.because) })
    expect(receiver.received).toHaveLength(1)
  })

  test('that is huge is not read to its end', async () => {
    await using receiver = await openReceiver()
    let bytes = 0
    receiver.reply = (_message, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('a'.repeat(65_536))) bytes += 65_536
      }
      response.on('drain', more)
      more()
    }

    expect(await sendTo(receiver)).toMatchObject({ kind: 'accepted' })
    expect(bytes).toBeLessThan(20_000_000)
  })

  test('says when to come again, for an hour at most', async () => {
    await using receiver = await openReceiver()

    for (const [header, ms] of [
      ['7', 7_000],
      ['999999', 3_600_000],
      ['soon', null],
    ] as const) {
      receiver.reply = always(429, { 'retry-after': header })
      expect(await sendTo(receiver)).toMatchObject({ kind: 'unavailable', retryAfterMs: ms })
    }
  })

  test('is none where nobody listens', async () => {
    const receiver = await openReceiver()
    await receiver[Symbol.asyncDispose]()

    expect(await sendTo(receiver)).toMatchObject({
      kind: 'unavailable',
      because: expect.stringMatching(/^It was not reached: .*ECONNREFUSED/),
    })
  })

  test('is none of a server that speaks no TLS', async () => {
    await using receiver = await openReceiver()

    const answer = await sendTo(receiver, { WEBHOOK_URL: receiver.url.replace('http:', 'https:') })

    expect(answer).toMatchObject({ kind: 'unavailable' })
    expect(receiver.received).toEqual([])
  })
})

test('a connection is used again, and another made when the app has closed it meanwhile', async () => {
  await using receiver = await openReceiver()
  const sockets: NonNullable<import('node:http').ServerResponse['socket']>[] = []
  receiver.reply = (_message, response) => {
    if (response.socket && !sockets.includes(response.socket)) sockets.push(response.socket)
    response.writeHead(204).end()
  }
  using webhook = new Webhook(configOf(receiver.env))

  for (let n = 0; n < 3; n++) expect(await webhook.send(MESSAGE)).toMatchObject({ kind: 'accepted' })
  expect(sockets).toHaveLength(1)
  sockets[0]?.destroy()

  expect(await webhook.send(MESSAGE)).toMatchObject({ kind: 'accepted' })
  expect(sockets).toHaveLength(2)
})

describe('an address', () => {
  const refusal = { kind: 'unavailable', because: expect.stringContaining('WEBHOOK_NETWORKS') }

  test('that a name leads to is looked at as the connection is made', async () => {
    await using receiver = await openReceiver({ host: 'localhost' })

    expect(await sendTo(receiver, { WEBHOOK_NETWORKS: '10.0.0.0/8' })).toMatchObject(refusal)
    expect(receiver.received).toEqual([])
    expect(await sendTo(receiver)).toMatchObject({ kind: 'accepted' })
  })

  test('may change behind its name, from one that is allowed to one that is not', async () => {
    await using receiver = await openReceiver({ host: 'app.example.com' })
    let address = '127.0.0.1'
    using _lookup = resolvingTo(() => [address])

    expect(await sendTo(receiver)).toMatchObject({ kind: 'accepted' })
    address = '169.254.169.254'
    expect(await sendTo(receiver)).toMatchObject(refusal)
  })

  test.each([
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[2002:a00:1::]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://0.0.0.0/',
    'https://10.1.2.3/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/',
    'https://100.64.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
  ])('that is not public is refused as it is written, before a packet is sent: %s', async (url) => {
    using webhook = new Webhook(configOf({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET }))

    expect(await webhook.send(MESSAGE)).toMatchObject(refusal)
  })

  test.each(['http://93.184.216.34/', 'http://[2606:2800:220:1::1]/'])(
    'that is public gets nothing in the clear: %s',
    async (url) => {
      const env = { WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET, WEBHOOK_NETWORKS: '127.0.0.0/8' }
      using webhook = new Webhook(configOf(env))

      expect(await webhook.send(MESSAGE)).toMatchObject(refusal)
    },
  )

  test('that is public is allowed', () => {
    const addresses = new AllowedAddresses([], { isPublicAllowed: true })

    for (const host of ['93.184.216.34', '[2606:2800:220:1::1]', 'app.example.com'])
      expect(() => addresses.checkWritten(host)).not.toThrow()
  })

  test('of a name that has a public one and another spoils both', async () => {
    const addresses = new AllowedAddresses([], { isPublicAllowed: true })
    using _lookup = resolvingTo(() => ['93.184.216.34', '10.0.0.1'])

    const answer = await new Promise((resolve) => addresses.lookup('app.example.com', { all: true }, resolve))

    expect(answer).toMatchObject({
      message: expect.stringContaining('10.0.0.1, which app.example.com leads to'),
    })
  })
})

test('a server that takes connections and says nothing is given up in time', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as import('node:net').AddressInfo
  const env = {
    WEBHOOK_URL: `https://127.0.0.1:${port}/`,
    WEBHOOK_SECRET: SECRET,
    WEBHOOK_NETWORKS: '127.0.0.1',
  }
  using webhook = new Webhook(configOf(env), { answerMs: ANSWER_MS })

  const answer = await webhook.send(MESSAGE)
  server.close()

  expect(answer).toMatchObject({ kind: 'unavailable', because: 'No connection was made within 0.3 s.' })
})

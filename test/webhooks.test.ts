import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { examineRuns, examineWebhook } from '../src/doctor/engines.ts'
import { WEBHOOK_MESSAGES } from '../src/http/schemas/webhooks.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { webhookBacklog, webhookStatus } from '../src/webhooks/status.ts'
import { follow } from './support/followers.ts'
import { fixture } from './support/pictures.ts'
import { always, openReceiver, SECRET } from './support/receiver.ts'
import { firstSeen, happen } from './support/relay.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

type Message = { type: keyof typeof WEBHOOK_MESSAGES; data: { events?: { type: string }[] } }

test('from an upload to its removal the app is told, in messages as OpenAPI has them, and whom a new photo is for', async () => {
  await using receiver = await openReceiver()
  await using service = await startService(receiver.env)
  await using _worker = service.work()
  await follow(service.database, 'alice' as OwnerId, 2)
  await expect.poll(async () => (await webhookStatus(service.catalog)).state).toBe('on')
  const told = () => receiver.accepted.map(({ body }) => JSON.parse(body) as Message)

  const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })
  const { id } = (await reply.json()) as { id: string }
  await expect
    .poll(() =>
      told()
        .map(({ type }) => type)
        .toSorted(),
    )
    .toEqual(['feed.new', 'photo.events'])
  const headers = await authorization(service)
  await fetch(`${service.url}/v1/photos/${id}`, { method: 'DELETE', headers })
  await expect
    .poll(() => told().flatMap(({ data }) => data.events?.map(({ type }) => type) ?? []))
    .toEqual(['photo.ready', 'photo.deleted'])

  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { webhooks: object }
  expect(Object.keys(document.webhooks)).toEqual(['photo.events', 'feed.new', 'webhook.test'])
  for (const message of told()) {
    const check = Compile(WEBHOOK_MESSAGES[message.type])
    expect([...check.Errors(message)]).toEqual([])
  }
  const feed = told().find(({ type }) => type === 'feed.new')
  expect(feed?.data).toEqual({ photo: id, owner: 'alice', viewers: ['viewer-0000001', 'viewer-0000002'] })
})

test('an operator sees that the app refuses, that webhooks are off; and sets that right', async () => {
  await using receiver = await openReceiver()
  await using service = await startService(receiver.env)
  const { catalog, database } = service
  const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: database.url, ...receiver.env }
  const darkroom = async (...args: string[]) => await runDarkroom(['webhooks', ...args], env)
  const ready = async () => (await (await fetch(`${service.url}/readyz`)).json()) as { webhook?: string }
  const state = async () => (await webhookStatus(catalog)).state
  await expect.poll(state).toBe('on')

  expect(await ready()).toMatchObject({ status: 'ready', webhook: 'on' })
  expect(await examineWebhook(service)).toBe(`${receiver.url}, nothing waits`)
  expect(await darkroom('test')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/accepted in \d+ ms/),
  })
  expect(JSON.parse(receiver.accepted.at(-1)?.body ?? '')).toMatchObject({ type: 'webhook.test', data: {} })

  // One of two events is refused.
  receiver.reply = (message, response) =>
    always(message.body.includes('"alice"') ? 422 : 204, {}, 'no such user')(message, response)
  await happen({ database }, 'alice')
  await happen({ database }, 'bob')
  await expect.poll(async () => (await catalog.webhookEvents.refused(1)).length).toBe(1)
  const failures = await darkroom('failures')
  expect(failures.stdout).toMatch(/photo\.ready\s+alice\s+\d+\s+1\s+20\S+Z\s+It answered 422: no such user/)
  await expect(examineWebhook(service)).rejects.toThrow('refuses 1 events')

  const [event] = await catalog.webhookEvents.refused(1)
  receiver.reply = always(204)
  expect((await darkroom('resend', event?.id ?? '')).stdout).toBe('To be sent again: 1.\n')
  await expect.poll(() => firstSeen(receiver.accepted, 'alice')).toEqual([event?.id])

  receiver.reply = always(410)
  await happen({ database }, 'bob')
  await expect.poll(state).toBe('off')
  expect(await ready()).toMatchObject({ status: 'ready', webhook: 'off' })
  await expect(examineWebhook(service)).rejects.toThrow('Webhooks are off')
  expect(await examineRuns(service)).toContain('running')
  const off = await darkroom()
  expect(off).toMatchObject({ code: 1, stdout: expect.stringContaining('is off: nothing is sent.') })
  expect(off.stdout).toContain('Events to be told: 1,')

  receiver.reply = always(204)
  expect((await darkroom('on')).code).toBe(0)
  await expect.poll(async () => (await webhookBacklog(catalog)).untold).toBe(0)
  await expect.poll(state).toBe('on')
})

test('what can not be done is said in a line', async () => {
  const wrong = [
    [['test'], {}, 'There is no webhook. Set WEBHOOK_URL and WEBHOOK_SECRET.'],
    [['test'], { WEBHOOK_URL: 'https://127.0.0.1/', WEBHOOK_SECRET: SECRET }, 'WEBHOOK_NETWORKS'],
    [['resend'], {}, 'Name events, or a time with --from; not both.'],
    [['resend', '1', '--owner', 'alice'], {}, '--to and --owner are of no use without --from.'],
  ] as const

  for (const [args, env, message] of wrong) {
    const { code, stdout, stderr } = await runDarkroom(['webhooks', ...args], env)
    expect([code, `${stdout}${stderr}`.trim().split('\n').length]).toEqual([1, 1])
    expect(`${stdout}${stderr}`).toContain(message)
  }
})

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { examineSigning } from '../src/delivery/examine-cdn.ts'
import { type RotationPlan, rotateKeys } from '../src/delivery/key-rotation.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { SetupError } from '../src/errors.ts'
import { edgeRoute } from '../src/http/routes/edge.ts'
import { DiskStore } from '../src/storage/disk-store.ts'
import { KEY, temporaryDirectory } from './support/edge.ts'
import { runDarkroom } from './support/run-darkroom.ts'

const NEW_ID = 'KNEWKEYNEWKEYN'
const HOUR_MS = 3_600_000

/** An edge that checks as CloudFront does, with a key group that a test changes as an operator would. */
async function startKeyGroup() {
  await using opened = new AsyncDisposableStack()
  const directory = opened.use(await temporaryDirectory())
  const keys = new Map<string, KeyObject>([[KEY.keyPairId, KEY.publicKey]])
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const app = fastify({ forceCloseConnections: true })
  await app.register(
    edgeRoute({
      firstViews: { keep: async () => null },
      store: await DiskStore.open(directory.path),
      origin,
      keys,
    }),
  )
  await app.listen({ host: '127.0.0.1', port })
  opened.defer(async () => await app.close())

  const oldFile = join(directory.path, 'old.pem')
  await writeFile(oldFile, KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const file = join(directory.path, 'new.pem')
  const env = (keyPairId = KEY.keyPairId, keyFile = oldFile) => ({
    CDN_URL: origin,
    CDN_KEY_PAIR_ID: keyPairId,
    CDN_PRIVATE_KEY_FILE: keyFile,
    CDN_DISTRIBUTION_ID: 'EDFDVBD6EXAMPLE',
  })
  const disposal = opened.move()
  return {
    keys,
    file,
    env,
    publicKeyOf: async () => createPublicKey(createPrivateKey(await readFile(file))),
    rotate: async (plan: Partial<RotationPlan> = {}, environment = env()) =>
      await Array.fromAsync(rotateKeys(loadConfig(environment).cdn, { file, ...plan })),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

describe('A key rotation', () => {
  test('goes from the old key to the new one, each step when it is due', async () => {
    await using edge = await startKeyGroup()
    const plan = { keyPairId: NEW_ID, oldKeyPairId: KEY.keyPairId }
    const next = async (...args: Parameters<typeof edge.rotate>) => {
      const steps = await edge.rotate(...args)
      expect(steps.slice(0, -1).every(({ isDone }) => isDone)).toBe(true)
      return steps.at(-1)
    }

    expect(await next()).toMatchObject({ isDone: false, detail: expect.stringContaining('openssl pkey') })
    expect(await next(plan)).toMatchObject({ detail: expect.stringContaining(`does not know ${NEW_ID} yet`) })

    edge.keys.set(NEW_ID, await edge.publicKeyOf())
    expect(await next(plan)).toMatchObject({
      title: 'Sign with it',
      detail: expect.stringContaining(`CDN_KEY_PAIR_ID=${NEW_ID}`),
    })

    const switched = edge.env(NEW_ID, edge.file)
    expect(await next(plan, switched)).toMatchObject({ detail: expect.stringContaining('--switched-at') })
    const recently = { ...plan, switchedAt: new Date(Date.now() - 24.9 * HOUR_MS) }
    expect(await next(recently, switched)).toMatchObject({
      isDone: false,
      detail: expect.stringContaining('Wait until'),
    })
    const longAgo = { ...plan, switchedAt: new Date(Date.now() - 25.1 * HOUR_MS) }
    expect(await next(longAgo, switched)).toMatchObject({
      isDone: false,
      detail: expect.stringContaining(`still takes ${KEY.keyPairId}`),
    })

    edge.keys.delete(KEY.keyPairId)
    const last = await edge.rotate(longAgo, switched)
    expect(last).toHaveLength(5)
    expect(last.every(({ isDone }) => isDone)).toBe(true)
  })

  test('warns when the key that signs is not taken any more', async () => {
    await using edge = await startKeyGroup()
    edge.keys.delete(KEY.keyPairId)

    const steps = await edge.rotate({ keyPairId: NEW_ID })

    expect(steps.at(-1)?.detail).toContain(`The edge refuses ${KEY.keyPairId}, which signs now`)
  })

  test('tells an id that belongs to another key', async () => {
    await using edge = await startKeyGroup()
    edge.keys.set(NEW_ID, KEY.publicKey)

    const steps = await edge.rotate({ keyPairId: NEW_ID })

    expect(steps.at(-1)?.detail).toContain(`knows ${NEW_ID}, but not as this key`)
  })

  test('goes no further at an address that lets unsigned URLs through', async () => {
    await using edge = await startKeyGroup()
    const open = fastify()
    open.get('/*', async () => 'anything')
    await open.listen({ host: '127.0.0.1', port: 0 })
    const { port } = open.server.address() as AddressInfo

    const rotating = edge.rotate(
      { keyPairId: NEW_ID },
      { ...edge.env(), CDN_URL: `http://127.0.0.1:${port}` },
    )

    await expect(rotating).rejects.toThrow('does not refuse URLs under /public/')
    await open.close()
  })

  test('is refused for the local edge', async () => {
    await expect(Array.fromAsync(rotateKeys(loadConfig({}).cdn, { file: 'new.pem' }))).rejects.toThrow(
      SetupError,
    )
  })

  test('is a command that says what is done and what is next', async () => {
    await using edge = await startKeyGroup()

    const { code, stdout } = await runDarkroom(
      ['keys', 'rotate', '--to', edge.file, '--id', NEW_ID],
      edge.env(),
    )

    expect(code).toBe(0)
    expect(stdout).toContain(`done  Make the new key\n      ${edge.file}\n`)
    expect(stdout).toContain('next  Let the edge take it, beside the old one\n')
  })
})

describe('The doctor', () => {
  test('asks the edge itself whether it takes what is signed', async () => {
    await using edge = await startKeyGroup()
    const examine = async () => await examineSigning(loadConfig(edge.env()).cdn, KEY)

    expect(await examine()).toContain(`takes what ${KEY.keyPairId} signs`)
    edge.keys.set(KEY.keyPairId, generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
    await expect(examine()).rejects.toThrow('CDN_PRIVATE_KEY_FILE')
    edge.keys.delete(KEY.keyPairId)
    await expect(examine()).rejects.toThrow('CDN_KEY_PAIR_ID')
  })
})

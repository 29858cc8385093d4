import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { renditionsPrefix } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { movePhoto } from '../src/places/move-photo.ts'
import { runKinds } from '../src/run-kinds.ts'
import { runNow } from '../src/runs/run-now.ts'
import { clearLeft } from '../src/sweep/take-down.ts'
import { resizePhoto } from '../workers/jobs/resize.ts'
import { ask, change, keysOf, renditionsIn, statusesOf, upload } from './support/photo-changes.ts'
import { silentLog, startService, type TestService } from './support/service.ts'

const HOUR_MS = 3_600_000
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS)

describe('a photo that moves', () => {
  /** Stops the move at that step, as a server does that is killed. */
  async function stopAt(service: TestService, id: PhotoId, step: 'copied' | 'shown') {
    const killed = new Error('killed')
    using _stopped =
      step === 'copied'
        ? vi.spyOn(service.catalog.places, 'move').mockRejectedValue(killed)
        : vi.spyOn(service.catalog.places, 'leftBy').mockRejectedValue(killed)
    await movePhoto(service, id, 'private', silentLog).catch((error) => expect(error).toBe(killed))
  }

  test('stays where it was when the server dies before the statement, and can be moved again', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)

    await stopAt(service, before.id, 'copied')

    const photo = (await ask(service, 'GET', before.id)).body
    expect(photo.visibility).toBe('public')
    expect(await statusesOf(photo)).toEqual(new Set([200]))
    // Copies that no photo has: the comparison of objects finds them.
    expect(await renditionsIn(service)).toHaveLength(2 * keysOf(before).length)
    const { body } = await change(service, before.id, { visibility: 'private' })
    expect(await statusesOf(body)).toEqual(new Set([200]))
    expect(await statusesOf(before)).toEqual(new Set([403]))
  })

  test('is cleared from its old place by the sweep when the server dies after the statement', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)

    await stopAt(service, before.id, 'shown')
    const swept = await clearLeft(service, silentLog, inHours(0))

    expect(swept).toBe(1)
    const photo = (await ask(service, 'GET', before.id)).body
    expect(photo.visibility).toBe('private')
    expect((await renditionsIn(service)).toSorted()).toEqual(keysOf(photo))
    expect(await clearLeft(service, silentLog, inHours(0))).toBe(0)
  })

  test('leaves nothing of a job that was killed after it had put renditions into the old place', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)
    await change(service, before.id, { visibility: 'private' })
    const [late = ''] = keysOf(before)
    await service.store.put(late, Buffer.from('late'), { contentType: 'image/jpeg' })

    expect(await clearLeft(service, silentLog, inHours(0.9))).toBe(0)
    expect(await clearLeft(service, silentLog, inHours(1.1))).toBe(1)

    expect(await renditionsIn(service)).not.toContain(late)
    expect(await clearLeft(service, silentLog, inHours(9))).toBe(0)
  })

  test('while its renditions are made has them made where it is', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)
    const engines = { ...service, maxPixels: service.config.maxPixels }
    const { renditions } = service.catalog
    const record = renditions.record.bind(renditions)
    using _overtaken = vi.spyOn(renditions, 'record').mockImplementationOnce(async (...made) => {
      await change(service, id, { visibility: 'private' })
      return await record(...made)
    })

    await resizePhoto(engines)({ kind: 'resize', photoId: id })

    const photo = (await ask(service, 'GET', id)).body
    expect(photo).toMatchObject({ status: 'ready', visibility: 'private' })
    expect(await statusesOf(photo)).toEqual(new Set([200]))
    expect((await renditionsIn(service)).every((key) => key.startsWith('private/'))).toBe(true)
  })

  test('of before there were secrets keeps its URLs until it is moved to one', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await upload(service)
    const photo = await service.catalog.photos.find(id)
    if (photo === null) throw new Error('There is no such photo.')
    const old = { ...photo, secret: null }
    for (const key of await renditionsIn(service)) {
      await service.store.move(key, key.replace(renditionsPrefix(photo), renditionsPrefix(old)))
    }
    await service.database.query(`update photos set secret = null where id = ${id}`)
    const before = (await ask(service, 'GET', id)).body
    expect(keysOf(before)[0]).toMatch(/^renditions\//)
    expect(await statusesOf(before)).toEqual(new Set([200]))

    expect(await service.catalog.places.withoutSecret(null, 10)).toEqual([{ id }])
    const options = { engines: service, kinds: runKinds(service.config, service), log: silentLog }
    expect(await runNow(options, 'old places')).toMatchObject({ done: 1 })

    const after = (await ask(service, 'GET', id)).body
    expect(after.visibility).toBe('public')
    expect(keysOf(after)[0]).toMatch(/^public\//)
    expect(await statusesOf(after)).toEqual(new Set([200]))
    expect(await statusesOf(before)).toEqual(new Set([403]))
    expect(await service.catalog.places.withoutSecret(null, 10)).toEqual([])
  })
})

describe('changes of all kinds at once', () => {
  test('end with what was asked for last, with every rendition in one place and nothing beside', async () => {
    await using service = await startService()
    await using _worker = service.work({ withAvif: true })
    await using _another = service.work({ withAvif: true })
    const { id } = await upload(service)
    const wish = fc.oneof(
      fc.constantFrom('public', 'private').map((visibility) => ({ visibility })),
      fc.constantFrom(null, { x: 0, y: 0 }, { x: 1, y: 1 }).map((focus) => ({ focus })),
      fc.constantFrom('mono', 'dusk').map((filter) => ({ filter })),
    )
    const step = fc.record({ wish, waits: fc.boolean(), pause: fc.integer({ min: 0, max: 60 }) })

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const asked: Promise<{ status: number }>[] = []
        for (const { wish, waits, pause } of steps) {
          const asking =
            'filter' in wish ? ask(service, 'PUT', `${id}/filter`, { body: wish }) : change(service, id, wish)
          asked.push(asking)
          if (waits) await asking
          await sleep(pause)
        }
        for (const { status } of await Promise.all(asked)) expect([200, 202]).toContain(status)
        const visibility = (await ask(service, 'GET', id)).body.visibility
        // Counted at one moment: a job that ends promises the next before.
        const left = async () => ({
          ...(await service.queue.demand()),
          delayed: (await service.queue.counts()).delayed,
        })
        await expect.poll(left).toEqual({ live: 0, batch: 0, delayed: 0 })
        const photo = (await ask(service, 'GET', id)).body
        expect(photo).toMatchObject({ wanted: null, visibility, status: 'ready' })
        expect(await statusesOf(photo)).toEqual(new Set([200]))
        const elsewhere = (await renditionsIn(service)).filter((key) => !key.startsWith(`${visibility}/`))
        expect(elsewhere).toEqual([])
        const prefixes = new Set((await renditionsIn(service)).map((key) => key.replace(/[^/]+$/, '')))
        expect(prefixes.size).toBe(1)
      }),
      { numRuns: 8, endOnFailure: true },
    )

    const changes = [
      change(service, id, { visibility: 'public' }),
      change(service, id, { visibility: 'private' }),
    ]
    await ask(service, 'DELETE', id)
    await Promise.allSettled(changes)
    await expect.poll(async () => await Array.fromAsync(service.store.list(''))).toEqual(['darkroom.json'])
  }, 300_000)
})

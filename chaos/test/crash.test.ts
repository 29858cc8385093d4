import sharp from 'sharp'
import { describe, expect, test, vi } from 'vitest'
import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import { type Darkroom, startDarkroom } from '../../test/support/darkroom.ts'
import { noisyJpeg } from '../../test/support/pictures.ts'
import { temporaryHome } from '../../test/support/processes/temporary-home.ts'
import { photoForm, postForm } from '../../test/support/uploads.ts'

const PHOTOS = 20
const ONE_MEGAPIXEL = { width: 1200, height: 900 }
const TIMEOUT = 400_000
/**
 * A job is begun anew when the lock of a worker that died with its supervisor has run out; one that was never enqueued
 * waits for the sweep.
 */
const patience = { timeout: 180_000, interval: 250 }

async function find(darkroom: Darkroom, id: string): Promise<PhotoReply> {
  const reply = await fetch(`${darkroom.url}/v1/photos/${id}`, {
    headers: { authorization: `Bearer ${await darkroom.token()}` },
  })
  if (!reply.ok) throw new Error(`${reply.status} for ${id}`)
  return (await reply.json()) as PhotoReply
}

/** Uploads photos two at a time, each until it is taken in, as an app does; `onTaken` ends it by false. Returns the ids. */
async function uploadThrough(darkroom: Darkroom, onTaken: (ids: readonly string[]) => Promise<boolean>) {
  const photos = await Promise.all(
    Array.from({ length: PHOTOS }, (_, seed) => noisyJpeg(ONE_MEGAPIXEL, seed)),
  )
  const queue = photos.values()
  const taken: string[] = []
  let goesOn = true
  const lane = async () => {
    for (const photo of queue) {
      const reply = await vi.waitFor(async () => {
        const reply = goesOn ? await postForm(darkroom, photoForm(photo), {}, 'me') : null
        expect(reply?.status ?? 201).toBe(201)
        return reply
      }, patience)
      if (!reply) return
      taken.push(((await reply.json()) as PhotoReply).id)
      goesOn = (await onTaken(taken)) && goesOn
    }
  }
  await Promise.all([lane(), lane()])
  return taken
}

/** Every photo is ready, and every rendition can be fetched and decoded to the size that was promised. */
async function expectAllReady(darkroom: Darkroom, ids: readonly string[]): Promise<void> {
  const photos = await vi.waitFor(async () => {
    const found = await Promise.all(ids.map((id) => find(darkroom, id)))
    expect(found.filter(({ status }) => status !== 'ready')).toEqual([])
    return found
  }, patience)
  for (const { renditions } of photos) {
    // AVIF comes in its own time.
    expect(renditions.filter(({ format }) => format !== 'avif')).toHaveLength(5)
    for (const { url, width, height, bytes } of renditions) {
      const body = Buffer.from(await (await fetch(url)).arrayBuffer())
      const { info } = await sharp(body).raw().toBuffer({ resolveWithObject: true })
      expect({ bytes: body.length, width: info.width, height: info.height }).toEqual({ bytes, width, height })
    }
  }
}

describe.concurrent('no photo that was acknowledged is lost', () => {
  test('when API, worker and database are killed one after the other', { timeout: TIMEOUT }, async () => {
    await using home = await temporaryHome()
    await using darkroom = await startDarkroom(home.path)
    const victims = (['worker', 'api', 'postgres'] as const).values()

    const taken = await uploadThrough(darkroom, async (ids) => {
      const { value: kind } = ids.length % 4 === 0 ? victims.next() : { value: null }
      if (kind) process.kill((await darkroom.pids(kind))[0] as number, 'SIGKILL')
      return true
    })

    expect(victims.next().done).toBe(true)
    await expectAllReady(darkroom, taken)
  })

  test('when all processes are killed at once and Darkroom is started again', {
    timeout: TIMEOUT,
  }, async () => {
    await using home = await temporaryHome()
    const killed = await startDarkroom(home.path)
    let killing: Promise<void> | null = null
    const taken = await uploadThrough(killed, async (ids) => {
      if (ids.length < PHOTOS / 2) return true
      killing ??= killed.killAll()
      await killing
      return false
    })

    await using darkroom = await startDarkroom(home.path, { PORT: new URL(killed.url).port })

    expect(taken.length).toBeGreaterThanOrEqual(PHOTOS / 2)
    await expectAllReady(darkroom, taken)
  })
})

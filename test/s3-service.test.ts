import { describe, expect, test } from 'vitest'
import { noisyJpeg } from './support/pictures.ts'
import { startProxy } from './support/proxy.ts'
import { hasS3, NEEDS_S3, openTestBucket, s3Endpoint, spooledFiles } from './support/s3.ts'
import { contentsOf, NOTHING } from './support/s3-stores.ts'
import { startService } from './support/service.ts'
import { authorization, openUpload, photoForm, postForm } from './support/uploads.ts'

const SIZE = { width: 800, height: 600 }

describe.runIf(hasS3)(`the API on S3 (${NEEDS_S3})`, () => {
  test('takes a photo, makes its renditions, delivers them and deletes them', async () => {
    await using bucket = await openTestBucket()
    await using service = await startService({ STORAGE_URL: bucket.url })
    await using _worker = service.work()

    const uploaded = await postForm(service, photoForm(await noisyJpeg(SIZE)), { prefer: 'wait=60' })
    const photo = (await uploaded.json()) as { id: string; status: string; renditions: { url: string }[] }
    const rendition = await fetch(photo.renditions[0]?.url ?? '')
    const kept = await contentsOf(bucket)
    await fetch(`${service.url}/v1/photos/${photo.id}`, {
      method: 'DELETE',
      headers: await authorization(service),
    })

    expect(photo.status).toBe('ready')
    expect(rendition.status).toBe(200)
    expect((await rendition.arrayBuffer()).byteLength).toBeGreaterThan(100)
    const objects = new Set(photo.renditions.map(({ url }) => new URL(url).pathname))
    expect(kept.keys).toHaveLength(1 + objects.size)
    await expect.poll(async () => await contentsOf(bucket)).toEqual(NOTHING)
  })

  test('keeps nothing of an upload whose client goes away', async () => {
    await using bucket = await openTestBucket()
    await using service = await startService({ STORAGE_URL: bucket.url })
    const upload = await openUpload(service)
    await upload.beginFile()
    await upload.send((await noisyJpeg(SIZE)).subarray(0, 50_000))

    upload.socket.destroy()
    await upload.closed

    await expect.poll(async () => await spooledFiles(service.config.store)).toBe(0)
    expect(await contentsOf(bucket)).toEqual(NOTHING)
  })

  test('answers 503 when S3 stalls, and keeps nothing', async () => {
    await using proxy = await startProxy(s3Endpoint())
    await using bucket = await openTestBucket({ through: proxy.url })
    await using service = await startService({ STORAGE_URL: `${bucket.url}&timeout=1` })
    const stalled = proxy.stall(10_000)

    const reply = await postForm(service, photoForm(await noisyJpeg(SIZE)))
    await stalled

    expect(reply.status).toBe(503)
    expect(await reply.json()).toMatchObject({ code: 'unavailable' })
    expect(await contentsOf(bucket)).toEqual(NOTHING)
    expect(await spooledFiles(service.config.store)).toBe(0)
  })
})

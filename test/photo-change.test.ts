import { describe, expect, test } from 'vitest'
import { ask, change, keysOf, renditionsIn, statusesOf, upload } from './support/photo-changes.ts'
import { startService } from './support/service.ts'

describe('PATCH /v1/photos/:id', () => {
  test('to private moves every rendition out of reach: old URLs are refused at once, new ones work', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)
    expect(await statusesOf(before)).toEqual(new Set([200]))

    const { status, body } = await change(service, before.id, { visibility: 'private' })

    expect(status).toBe(200)
    expect(body).toMatchObject({ visibility: 'private', status: 'ready' })
    expect(await statusesOf(before)).toEqual(new Set([403]))
    expect(await statusesOf(body)).toEqual(new Set([200]))
    expect(keysOf(body).every((key) => key.startsWith('private/'))).toBe(true)
    expect((await renditionsIn(service)).toSorted()).toEqual(keysOf(body))
    expect((await ask(service, 'GET', before.id, { owner: 'bob' })).status).toBe(404)
  })

  test('closes it to the grant for public photos, which opens nothing private, nothing deleted and no original', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const [first, other] = [await upload(service), await upload(service)]
    const grant = new URL(first.renditions[0]?.url ?? '').search
    const opened = async (keys: readonly string[]) =>
      new Set(
        await Promise.all(keys.map(async (key) => (await fetch(`${service.url}/${key}${grant}`)).status)),
      )
    expect(await opened(keysOf(other))).toEqual(new Set([200]))

    const { body } = await change(service, first.id, { visibility: 'private' })
    await ask(service, 'DELETE', other.id)
    await expect.poll(async () => await renditionsIn(service)).toEqual(keysOf(body))

    expect(await opened([...keysOf(first), ...keysOf(body), ...keysOf(other)])).toEqual(new Set([403]))
    const originals = await Array.fromAsync(service.store.list('originals/'))
    expect(await opened(originals)).toEqual(new Set([404]))
  })

  test('and back gives a place that nobody knew before', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const first = await upload(service)
    const hidden = (await change(service, first.id, { visibility: 'private' })).body

    const { body } = await change(service, first.id, { visibility: 'public' })

    expect(await statusesOf(body)).toEqual(new Set([200]))
    expect(await statusesOf(first)).toEqual(new Set([403]))
    expect(await statusesOf(hidden)).toEqual(new Set([403]))
    expect((await renditionsIn(service)).toSorted()).toEqual(keysOf(body))
  })

  test('changes what is told and leaves the rest, and changes nothing when repeated', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service, { alt: 'a boat', visibility: 'private' })

    const nothing = await change(service, before.id, {})
    const same = await change(service, before.id, { visibility: 'private', focus: null, alt: 'a boat' })
    const other = await change(service, before.id, { alt: 'a boat at sea' })
    const none = await change(service, before.id, { alt: null })

    expect([nothing, same, other, none].map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect([nothing, same, other, none].map(({ body }) => body.alt)).toEqual([
      'a boat',
      'a boat',
      'a boat at sea',
      null,
    ])
    for (const { body } of [same, none]) expect(keysOf(body)).toEqual(keysOf(before))
  })

  test('of the focus makes another edition, with the thumb cut anew, and keeps the look', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service, { filter: 'mono' })

    const promised = await change(service, before.id, { focus: { x: 0, y: 1 } })
    const { status, body } = await change(service, before.id, { focus: { x: 0, y: 1 } }, { wait: 60 })

    expect(promised).toMatchObject({
      status: 202,
      body: { focus: null, filter: 'mono', wanted: { filter: 'mono', focus: { x: 0, y: 1 } } },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ focus: { x: 0, y: 1 }, filter: 'mono', wanted: null })
    expect(await statusesOf(body)).toEqual(new Set([200]))
    const thumbs = await Promise.all(
      [before, body].map(async ({ renditions }) => {
        const thumb = renditions.find(({ preset }) => preset === 'thumb')
        return Buffer.from(await (await fetch(thumb?.url ?? '')).arrayBuffer())
      }),
    )
    expect(thumbs[0]?.equals(thumbs[1] as Buffer)).toBe(false)
  })

  test('of the focus and then of the look, before either is made, ends with both', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)

    await change(service, id, { focus: { x: 0.25, y: 0.5 } })
    await ask(service, 'PUT', `${id}/filter`, { body: { filter: 'mono' } })
    await using _worker = service.work()

    await expect.poll(async () => (await ask(service, 'GET', id)).body.wanted).toBeNull()
    expect((await ask(service, 'GET', id)).body).toMatchObject({
      status: 'ready',
      focus: { x: 0.25, y: 0.5 },
      filter: 'mono',
    })
  })

  test('shows no earlier edition again that was cut around another focus', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await upload(service)
    await change(service, id, { focus: { x: 0, y: 0 } }, { wait: 60 })
    const cut = (await ask(service, 'GET', id)).body
    await ask(service, 'PUT', `${id}/filter`, { body: { filter: 'mono' }, wait: 60 })

    const { body } = await ask(service, 'DELETE', `${id}/filter`, { wait: 60 })

    expect(body).toMatchObject({ filter: null, focus: { x: 0, y: 0 } })
    expect(keysOf(body)).toEqual(keysOf(cut))
  })

  test('is for the owner alone, of what there is, and of JSON as it is', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)

    const replies = [
      await change(service, id, { visibility: 'private' }, { owner: 'bob' }),
      await change(service, '764879989359635463', { alt: 'x' }),
      await change(service, id, { visibility: 'secret' }),
      await change(service, id, { focus: { x: 2, y: 0 } }),
      await change(service, id, { focus: '0.5,0.5' }),
      await change(service, id, { focus: { x: 0.5, y: 0.5, z: 0 } }),
      await change(service, id, { alt: 'é'.repeat(2_001) }),
      await change(service, id, { filter: 'mono' }),
    ]
    const { body } = await change(service, id, { focus: { x: 0.5, z: 1 } })

    expect(replies.map(({ status, body }) => `${status} ${body.code}`)).toEqual([
      '404 photo_not_found',
      '404 photo_not_found',
      ...Array.from({ length: 6 }, () => '400 invalid_field'),
    ])
    expect(body).toMatchObject({
      detail: expect.stringMatching(/^"focus" is not valid: null, or \{ "x", "y" \}/),
    })
    expect((await ask(service, 'GET', id)).body).toMatchObject({
      visibility: 'public',
      alt: null,
      focus: null,
    })
  })

  test('that asks a photo which failed for another focus is refused as a whole', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)
    await service.catalog.photos.fail(id, { code: 'corrupt_photo', message: 'It is damaged.' })

    const { status, body } = await change(service, id, {
      visibility: 'private',
      focus: { x: 0, y: 0 },
      alt: 'a boat',
    })

    expect(`${status} ${body.code}`).toBe('409 photo_failed')
    expect((await ask(service, 'GET', id)).body).toMatchObject({ visibility: 'public', alt: null })
    expect((await change(service, id, { alt: 'a boat' })).body).toMatchObject({ alt: 'a boat' })
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { withoutBasePath } from '../src/http/base-path.ts'
import { fixture } from './support/pictures.ts'
import { startService } from './support/service.ts'
import { beginUpload, patchUpload } from './support/tus.ts'
import { photoForm, postForm } from './support/uploads.ts'

async function startBehindProxy() {
  const port = String(await freePort())
  const direct = `http://127.0.0.1:${port}`
  return { direct, service: await startService({ PORT: port, PUBLIC_URL: `${direct}/apps/photos` }) }
}

describe('a PUBLIC_URL with a path', () => {
  test('is what everything begins with that clients are told', async () => {
    const { direct, service } = await startBehindProxy()
    await using _service = service
    await using _worker = service.work()

    const uploaded = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })
    const { id, renditions } = (await uploaded.json()) as { id: string; renditions: { url: string }[] }
    const root = await fetch(`${service.url}/`, { redirect: 'manual' })
    const docs = await (await fetch(`${service.url}/docs`)).text()
    const openapi = (await (await fetch(`${service.url}/openapi.json`)).json()) as { servers: object[] }
    const filters = (await (await fetch(`${service.url}/v1/filters`)).json()) as {
      filters: { cube: string }[]
    }

    const photo = await fixture('plain.jpg')
    const path = await beginUpload(service, photo.length)
    const completed = await patchUpload({ ...service, url: direct }, path, 0, photo)

    expect(uploaded.headers.get('location')).toBe(`/apps/photos/v1/photos/${id}`)
    expect(path).toMatch(/^\/apps\/photos\/v1\/uploads\/\d+$/)
    expect(completed.headers.get('photo-location')).toMatch(/^\/apps\/photos\/v1\/photos\/\d+$/)
    for (const { url } of renditions) expect(url).toMatch(`${service.url}/public/`)
    expect((await fetch(renditions[0]?.url ?? '')).status).toBe(200)
    expect(root.headers.get('location')).toBe('/apps/photos/docs')
    const [, script = ''] = /<script src="([^"]*bundle[^"]*)"/.exec(docs) ?? []
    expect(script).toMatch(/^\/apps\/photos\/docs\//)
    expect((await fetch(direct + script)).status).toBe(200)
    expect(openapi.servers).toEqual([{ url: '/apps/photos' }])
    expect(filters.filters[0]?.cube).toMatch(/^\/apps\/photos\/v1\/filters\//)
  })

  test('may be taken away by the proxy, and signed URLs still hold', async () => {
    const { direct, service } = await startBehindProxy()
    await using _service = service
    await using _worker = service.work()
    const stripped = { ...service, url: direct }

    const uploaded = await postForm(stripped, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })
    const { renditions } = (await uploaded.json()) as { renditions: { url: string }[] }
    const url = renditions[0]?.url ?? ''

    expect((await fetch(url.replace(service.url, direct))).status).toBe(200)
    expect((await fetch(url.replace('Policy=', 'Policy=x'))).status).toBe(403)
  })

  test('is found in a request, and only as a whole', () => {
    const path = fc.webPath()
    fc.assert(
      fc.property(path, path, (base, rest) => {
        const basePath = `/base${base}`.replace(/\/+$/, '')
        const target = rest.startsWith('/') ? rest : `/${rest}`

        expect(withoutBasePath(basePath + target, basePath)).toBe(target)
        expect(withoutBasePath(target, '')).toBe(target)
        expect(withoutBasePath(`${basePath}-other${target}`, basePath)).toBe(`${basePath}-other${target}`)
      }),
    )
    expect(withoutBasePath('/base', '/base')).toBe('/')
    expect(withoutBasePath('/base?a=1', '/base')).toBe('/?a=1')
    expect(withoutBasePath('http://example.com:3000/base/a?b=/', '/base')).toBe('/a?b=/')
    expect(withoutBasePath('HTTPS://example.com/a', '')).toBe('/a')
  })

  test.each([
    ['https://example.com/photos/', 'https://example.com/photos'],
    ['https://example.com/a/b-c.d~e/f_g', 'https://example.com/a/b-c.d~e/f_g'],
    ['https://example.com/', 'https://example.com'],
  ])('%s is taken', (PUBLIC_URL, publicUrl) => {
    expect(loadConfig({ PUBLIC_URL }).publicUrl).toBe(publicUrl)
  })

  test.each([
    ['of a wildcard', 'https://example.com/*'],
    ['with an escape', 'https://example.com/my%20photos'],
    ['with a query', 'https://example.com/photos?a=1'],
    ['with a fragment', 'https://example.com/photos#a'],
    ['with a password', 'https://me:secret@example.com/photos'],
    ['that is one of ours', 'https://example.com/v1'],
  ])('%s is refused', (_what, PUBLIC_URL) => {
    expect(() => loadConfig({ PUBLIC_URL })).toThrow(/PUBLIC_URL must (be|have)/)
  })
})

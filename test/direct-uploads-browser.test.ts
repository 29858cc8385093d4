import { createHash } from 'node:crypto'
import { PutBucketCorsCommand } from '@aws-sdk/client-s3'
import { expect, inject } from 'vitest'
import { openPage, servePage, testWithChromium } from './support/browser.ts'
import { fixture } from './support/pictures.ts'
import { openTestBucket } from './support/s3.ts'
import { startService } from './support/service.ts'

const STORES = [
  { name: 'the server itself', s3: null },
  ...(inject('s3') ? [{ name: 'Ceph', s3: inject('s3') }] : []),
]

/** What docs/uploads.md has for buckets. */
const corsFor = (origin: string) => ({
  AllowedOrigins: [origin],
  AllowedMethods: ['PUT'],
  AllowedHeaders: ['*'],
  MaxAgeSeconds: 7200,
})

/** Runs in the page. */
const UPLOAD = `async ({ api, token, photo, sha256 }) => {
  const bytes = Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0))
  const authorization = 'Bearer ' + token
  const begun = await fetch(api + '/v1/direct-uploads', {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ bytes: bytes.length, type: 'image/jpeg', sha256 }),
  })
  const { id, method, url, headers } = await begun.json()
  const put = await fetch(url, { method, headers, body: new Blob([bytes], { type: 'image/jpeg' }) })
  const done = await fetch(api + '/v1/direct-uploads/' + id + '/complete', { method: 'POST', headers: { authorization } })
  return { put: put.status, done: done.status, sha256: (await done.json()).original.sha256 }
}`

testWithChromium.each(STORES)(
  'a page of another origin puts a photo straight into the store: $name',
  async ({ s3 }) => {
    await using app = await servePage()
    await using opened = new AsyncDisposableStack()
    const bucket = s3 && opened.use(await openTestBucket({ s3 }))
    if (bucket) {
      const CORSConfiguration = { CORSRules: [corsFor(app.origin)] }
      await bucket.client.send(new PutBucketCorsCommand({ Bucket: bucket.config.bucket, CORSConfiguration }))
    }
    await using service = await startService({
      CORS_ORIGINS: app.origin,
      ...(bucket && { STORAGE_URL: bucket.url }),
    })
    const { browser, page } = await openPage()
    await using _browser = { [Symbol.asyncDispose]: async () => await browser.close() }
    await page.goto(app.origin)
    const photo = await fixture('plain.jpg')
    const sha256 = createHash('sha256').update(photo).digest('hex')
    const token = await service.token('alice')
    const given = { api: service.url, token, photo: photo.toString('base64'), sha256 }

    const seen = await page.evaluate(`(${UPLOAD})(${JSON.stringify(given)})`)

    expect(seen).toEqual({ put: 200, done: 201, sha256 })
  },
)

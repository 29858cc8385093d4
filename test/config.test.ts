import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { SetupError } from '../src/errors.ts'

describe('the configuration', () => {
  test('needs nothing: everything is embedded', () => {
    const config = loadConfig({})

    expect(config).toMatchObject({
      home: resolve('.darkroom'),
      publicUrl: 'http://127.0.0.1:3000',
      database: { kind: 'embedded', directory: resolve('.darkroom/postgres') },
      store: { kind: 'disk', root: resolve('.darkroom/objects') },
      auth: { kind: 'secret', secret: null, earlierSecrets: [] },
      maxUploadBytes: 100_000_000,
      maxPixels: 100_000_000,
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('names every mistake at once, and the variable it is in', () => {
    const load = () =>
      loadConfig({
        PORT: 'http',
        WORKERS: '0',
        DATABASE_URL: 'mysql://x',
        TOKEN_SECRET: 'short',
        LOG_LEVEL: 'loud',
        PUBLIC_URL: 'https://a/b?c',
      })

    expect(load).toThrow(SetupError)
    for (const name of ['PORT', 'WORKERS', 'DATABASE_URL', 'TOKEN_SECRET', 'LOG_LEVEL', 'PUBLIC_URL']) {
      expect(load).toThrow(name)
    }
  })

  test('refuses uploads larger than S3 takes in one request, where photos lie on S3', () => {
    const MAX_UPLOAD_BYTES = String(5 * 1024 ** 3 + 1)

    expect(loadConfig({ MAX_UPLOAD_BYTES }).maxUploadBytes).toBe(5_368_709_121)
    expect(() => loadConfig({ MAX_UPLOAD_BYTES, STORAGE_URL: 's3://photos' })).toThrow(
      'MAX_UPLOAD_BYTES must be at most 5368709120',
    )
  })

  test('refuses what has no effect on how tokens are checked', () => {
    const jwks = { JWKS_URL: 'https://issuer.example.com/jwks.json' }

    for (const env of [
      { TOKEN_AUDIENCE: 'darkroom' },
      { TOKEN_ISSUER: 'https://issuer.example.com/' },
      { ...jwks, TOKEN_SECRET: 'x'.repeat(32) },
      { ...jwks, TOKEN_SECRET_PREVIOUS: 'x'.repeat(32) },
    ]) {
      expect(() => loadConfig(env)).toThrow(Object.keys(env).at(-1))
    }
  })

  test('takes an empty variable as one that is not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '', HOST: '' })).toMatchObject({
      port: 3000,
      database: { kind: 'embedded' },
    })
  })

  test('listens for everybody and still has a URL of its own', () => {
    expect(loadConfig({ HOST: '0.0.0.0', PORT: '80' }).publicUrl).toBe('http://127.0.0.1:80')
    expect(loadConfig({ HOST: '::1' }).publicUrl).toBe('http://[::1]:3000')
    expect(loadConfig({ PUBLIC_URL: 'https://photos.example.com/' }).publicUrl).toBe(
      'https://photos.example.com',
    )
  })

  test('reads the bucket, and what is particular about its server, from one URL', () => {
    const storeOf = (STORAGE_URL: string) => loadConfig({ STORAGE_URL }).store

    expect(storeOf('s3://photos')).toEqual({
      kind: 's3',
      bucket: 'photos',
      region: null,
      endpoint: null,
      publicEndpoint: null,
      pathStyle: false,
      checksums: 'WHEN_SUPPORTED',
      timeoutMs: 5_000,
      spool: resolve('.darkroom/spool'),
    })
    expect(
      storeOf('s3://photos?endpoint=http://127.0.0.1:9000&checksums=required&timeout=2.5'),
    ).toMatchObject({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:9000',
      pathStyle: true,
      checksums: 'WHEN_REQUIRED',
      timeoutMs: 2_500,
    })
    expect(
      storeOf('s3://photos?endpoint=http://s3:9000&public-endpoint=https://s3.example.com'),
    ).toMatchObject({ endpoint: 'http://s3:9000', publicEndpoint: 'https://s3.example.com' })
    expect(storeOf('s3://photos?region=eu-west-1&path-style=true')).toMatchObject({
      region: 'eu-west-1',
      pathStyle: true,
    })
  })

  test.each([
    ['https://photos', 'must name a bucket'],
    ['s3://', 'must name a bucket'],
    ['s3://key:secret@photos', 'must hold no credentials'],
    ['s3://photos/folder', 'no folder'],
    ['s3://photos?zone=a', 'not "zone"'],
    ['s3://photos?endpoint=storage.example.com', 'has an endpoint'],
    ['s3://photos?public-endpoint=storage.example.com', 'has an endpoint'],
    ['s3://photos?path-style=yes', 'path-style=true or'],
    ['s3://photos?checksums=none', 'checksums=supported or'],
    ['s3://photos?timeout=soon', 'timeout of'],
  ])('refuses the bucket %s', (url, reason) => {
    expect(() => loadConfig({ STORAGE_URL: url })).toThrow(`STORAGE_URL`)
    expect(() => loadConfig({ STORAGE_URL: url })).toThrow(reason)
  })
})

test.each([
  ['https://api.example.com', 'https://cdn.example.com', null],
  ['https://example.com/app', 'https://cdn.example.com', null],
  ['https://api.example.com', 'https://d111111abcdef8.cloudfront.net', 'cloudfront.net is of'],
  ['https://api.badexample.com', 'https://cdn.example.com', 'badexample.com is of'],
])('with the API at %s and the CDN at %s, cookies of example.com %s', (publicUrl, cdnUrl, problem) => {
  const load = () =>
    loadConfig({
      PUBLIC_URL: publicUrl,
      CDN_URL: cdnUrl,
      CDN_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
      CDN_PRIVATE_KEY_FILE: 'cdn-key.pem',
      CDN_DISTRIBUTION_ID: 'EDFDVBD6EXAMPLE',
      COOKIE_DOMAIN: 'example.com',
    })

  if (problem === null) expect(load().cdn.cookieDomain).toBe('example.com')
  else expect(load).toThrow(problem)
})

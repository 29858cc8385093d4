import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { SetupError } from '../src/errors.ts'

describe('the configuration', () => {
  test('needs nothing: everything is embedded', () => {
    const config = loadConfig({})

    expect(config).toMatchObject({
      home: resolve('.darkroom'),
      publicUrl: 'http://127.0.0.1:3000',
      database: { kind: 'embedded', directory: resolve('.darkroom/postgres') },
      store: { kind: 'disk', root: resolve('.darkroom/objects') },
      auth: { kind: 'secret', secret: null },
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
        PUBLIC_URL: 'https://a/b',
      })

    expect(load).toThrow(SetupError)
    for (const name of ['PORT', 'WORKERS', 'DATABASE_URL', 'TOKEN_SECRET', 'LOG_LEVEL', 'PUBLIC_URL']) {
      expect(load).toThrow(name)
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
})

import { execFileSync } from 'node:child_process'
import { mkdir, mkdtempDisposable, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import { DiskStore } from '../src/storage/disk-store.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { objectStoreContract } from './contracts/object-store.ts'

const HOUR_MS = 3_600_000

const isRoot = process.getuid?.() === 0
const canMount = isRoot && process.platform === 'linux'

async function openTemporaryStore() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-store-'))
  const root = join(folder.path, 'objects')
  const store: ObjectStore = await DiskStore.open(root)
  return { store, root, [Symbol.asyncDispose]: () => folder.remove() }
}

objectStoreContract('DiskStore', openTemporaryStore)

describe('DiskStore', () => {
  test('takes a body no faster than it writes it', async () => {
    await using opened = await openTemporaryStore()
    const { store, root } = opened
    let sent = 0
    let furthestAhead = 0
    async function* body() {
      for (; sent < 50_000_000; sent += 100_000) {
        if (sent % 1_000_000 === 0)
          furthestAhead = Math.max(furthestAhead, sent - (await bytesIn(join(root, 'tmp'))))
        yield Buffer.alloc(100_000)
      }
    }

    await store.put('originals/7/42.jpg', Readable.from(body()), { contentType: 'image/jpeg' })

    expect(furthestAhead).toBeLessThan(4_000_000)
  })

  test('leaves no temporary file of a put, whole or torn', async () => {
    await using opened = await openTemporaryStore()
    const { store, root } = opened
    async function* torn() {
      yield Buffer.alloc(100_000)
      throw new Error('connection lost')
    }

    await store.put('originals/7/42.jpg', Buffer.from('pixels'), { contentType: 'image/jpeg' })
    await store
      .put('originals/7/43.jpg', Readable.from(torn()), { contentType: 'image/jpeg' })
      .catch(() => {})

    expect(await readdir(join(root, 'tmp'))).toEqual([])
  })

  test('keeps files and folders to its user', async () => {
    await using opened = await openTemporaryStore()
    const { store, root } = opened

    await store.put('originals/7/42.jpg', Buffer.from('pixels'), { contentType: 'image/jpeg' })

    expect((await stat(root)).mode & 0o777).toBe(0o700)
    expect((await stat(join(root, 'originals/7'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(root, 'originals/7/42.jpg'))).mode & 0o777).toBe(0o600)
  })

  test('removes the folders of photos that a delete has emptied, but not those of shards', async () => {
    await using opened = await openTemporaryStore()
    const { store, root } = opened
    await store.put('renditions/7/42/a.webp', Buffer.from('pixels'), { contentType: 'image/webp' })
    await store.put('renditions/7/43/a.webp', Buffer.from('pixels'), { contentType: 'image/webp' })

    await store.delete(['renditions/7/42/a.webp'])
    const afterOne = await readdir(join(root, 'renditions/7'))
    await store.delete(['renditions/7/43/a.webp'])

    expect(afterOne).toEqual(['43'])
    expect(await readdir(join(root, 'renditions/7'))).toEqual([])
  })

  test('finds again what an earlier store in the same folder kept', async () => {
    await using opened = await openTemporaryStore()
    await opened.store.put('originals/7/42.jpg', Buffer.from('pixels'), { contentType: 'image/jpeg' })

    const reopened = await DiskStore.open(opened.root)

    expect(await reopened.head('originals/7/42.jpg')).toMatchObject({ size: 6 })
  })

  test('removes, when opened, temporary files a day old and leaves younger ones to who may be writing them', async () => {
    await using opened = await openTemporaryStore()
    const { root } = opened
    await writeFile(join(root, 'tmp/old'), 'pix')
    await writeFile(join(root, 'tmp/young'), 'pix')
    await age(join(root, 'tmp/old'), 25 * HOUR_MS)
    await age(join(root, 'tmp/young'), 23 * HOUR_MS)

    await DiskStore.open(root)

    expect(await readdir(join(root, 'tmp'))).toEqual(['young'])
  })

  test('lists only what can be a key', async () => {
    await using opened = await openTemporaryStore()
    const { store, root } = opened
    await writeFile(join(root, 'tmp/half'), 'pix')
    await mkdir(join(root, 'lost+found'))
    await writeFile(join(root, 'lost+found/1'), 'pix')

    const keys = await Array.fromAsync(store.list(''))

    expect(keys).toEqual([])
  })

  test('takes no key that leads elsewhere', async () => {
    await using opened = await openTemporaryStore()
    const { store } = opened
    const keys = [
      '',
      '/',
      '/etc/passwd',
      '../x',
      'a/../../x',
      'a/./x',
      'a//x',
      'a/',
      'a\\x',
      'a\0x',
      'tmp',
      'tmp/x',
      'é',
    ]

    for (const key of keys) {
      await expect(store.put(key, Buffer.from('pixels'), { contentType: '' })).rejects.toThrow(
        'is no object key',
      )
      await expect(store.open(key)).rejects.toThrow('is no object key')
      await expect(store.head(key)).rejects.toThrow('is no object key')
      await expect(store.delete(['originals/1/1.jpg', key])).rejects.toThrow('is no object key')
    }
    await expect(Array.fromAsync(store.list('../'))).rejects.toThrow('is no object key')
    await expect(Array.fromAsync(store.list('/'))).rejects.toThrow('is no object key')
  })

  test('puts whatever text it takes as a key below its folder', async () => {
    await using opened = await openTemporaryStore()
    const { store, root } = opened
    const text = fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', '-', '\0', '~', ' '), maxLength: 8 })

    await fc.assert(
      fc.asyncProperty(text, async (key) => {
        const kept = await store.put(key, Buffer.from('pixels'), { contentType: '' }).then(
          () => true,
          () => false,
        )
        if (!kept) return

        expect(await readFile(`${root}/${key}`, 'utf8')).toBe('pixels')
        expect(key.split('/')).not.toContain('..')
        await store.delete([key])
      }),
    )
  })
})

describe('a folder that fails', () => {
  test('is refused when opened, with what to do', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-store-'))
    await writeFile(join(folder.path, 'file'), '')

    const opening = DiskStore.open(join(folder.path, 'file/objects'))

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow(/file\/objects can't be written\. .*is a file.*DARKROOM_HOME/)
  })

  test('is refused when opened without the right to write it', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-store-'))
    await mkdir(join(folder.path, 'objects'), { mode: 0o500 })
    using _user = asOrdinaryUser()

    const opening = DiskStore.open(join(folder.path, 'objects'))

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow(/can't be written\. There is no right.*DARKROOM_HOME/)
  })

  test('that is gone is an engine that does not answer', async () => {
    await using opened = await openTemporaryStore()
    await rm(opened.root, { recursive: true })

    const put = opened.store.put('originals/7/42.jpg', Readable.from(['pixels']), {
      contentType: 'image/jpeg',
    })

    await expect(put).rejects.toThrow(EngineUnavailableError)
    await expect(opened.store.check()).rejects.toThrow(EngineUnavailableError)
  })

  test.runIf(canMount)(
    'of a disk that is full keeps nothing and says so (needs root, to mount one)',
    async () => {
      await using disk = await mountSmallDisk()
      const store: ObjectStore = await DiskStore.open(join(disk.path, 'objects'))
      await store.put('originals/7/1.jpg', Buffer.alloc(500_000), { contentType: 'image/jpeg' })

      const stream = store.put(
        'originals/7/2.jpg',
        Readable.from([Buffer.alloc(400_000), Buffer.alloc(400_000)]),
        {
          contentType: 'image/jpeg',
        },
      )
      await expect(stream).rejects.toThrow(EngineUnavailableError)
      const whole = store.put('originals/7/3.jpg', Buffer.alloc(800_000), { contentType: 'image/jpeg' })
      await expect(whole).rejects.toThrow(/disk is full.*DARKROOM_HOME/)

      expect(await readdir(join(disk.path, 'objects/tmp'))).toEqual([])
      expect(await Array.fromAsync(store.list(''))).toEqual(['originals/7/1.jpg'])
    },
  )

  test.runIf(canMount)(
    'of a disk that is full fails its check until there is room (needs root)',
    async () => {
      await using disk = await mountSmallDisk()
      const store: ObjectStore = await DiskStore.open(join(disk.path, 'objects'))
      await writeFile(join(disk.path, 'ballast'), Buffer.alloc(2_000_000)).catch(() => {})

      await expect(store.check()).rejects.toThrow(EngineUnavailableError)
      await rm(join(disk.path, 'ballast'))
      await store.check()
    },
  )

  test.runIf(canMount)('of a read-only disk is read but takes nothing (needs root)', async () => {
    await using disk = await mountSmallDisk()
    const store: ObjectStore = await DiskStore.open(join(disk.path, 'objects'))
    await store.put('originals/7/1.jpg', Buffer.from('pixels'), { contentType: 'image/jpeg' })
    execFileSync('mount', ['-o', 'remount,ro', disk.path])

    const put = store.put('originals/7/2.jpg', Buffer.from('pixels'), { contentType: 'image/jpeg' })

    await expect(put).rejects.toThrow(/read-only/)
    await expect(store.delete(['originals/7/1.jpg'])).rejects.toThrow(EngineUnavailableError)
    expect(await store.head('originals/7/1.jpg')).toMatchObject({ size: 6 })
  })
})

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size
  return bytes
}

async function age(path: string, ms: number) {
  const time = new Date(Date.now() - ms)
  await utimes(path, time, time)
}

/** Root may write everywhere; an ordinary user is what the test is about. */
function asOrdinaryUser(): Disposable {
  if (isRoot) process.seteuid?.(65534)
  return {
    [Symbol.dispose]() {
      if (isRoot) process.seteuid?.(0)
    },
  }
}

async function mountSmallDisk() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'darkroom-test', folder.path])
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [folder.path])
      await folder.remove()
    },
  }
}

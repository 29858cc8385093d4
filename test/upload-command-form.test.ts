import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { photoForm } from '../src/commands/photo-form.ts'
import { SetupError } from '../src/errors.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { folderOf, sha256, startApi } from './support/upload-api.ts'

describe('the form of an upload', () => {
  test('is as long as it says and gives back what was put in, whatever the file is called', async () => {
    await using api = await startApi()
    const name = fc.string({
      unit: fc.constantFrom('a', '"', '\\', 'é', '写', ' ', ';', '%', '=', '\n'),
      minLength: 1,
      maxLength: 12,
    })
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
    const { stdout: token } = await runDarkroom(['token', 'me'], api.env)

    await fc.assert(
      fc.asyncProperty(name, bytes, async (fileName, content) => {
        await using photos = await folderOf({ [fileName]: content })
        const [path = ''] = photos.paths

        const form = photoForm(
          { path, bytes: content.length },
          { filter: 'mono', strength: undefined },
          () => {},
        )
        const sent = await buffer(form.body)
        await fetch(`${api.url}/v1/photos`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token.trim()}`, 'content-type': form.contentType },
          body: sent,
        })

        expect(sent).toHaveLength(form.contentLength)
        expect(api.uploads.at(-1)).toMatchObject({ parts: ['filter=mono', 'file'], sha256: sha256(content) })
        expect(api.uploads.at(-1)?.file).toBe(asSent(basename(path)))
      }),
      { numRuns: 40 },
    )
  })

  test('is broken off when the file changed since its length was taken', async () => {
    await using photos = await folderOf({ 'grown.jpg': 'pixels', 'shrunk.jpg': 'pix' })
    const [grown = '', shrunk = ''] = photos.paths

    const tooLong = buffer(photoForm({ path: grown, bytes: 5 }, {}, () => {}).body)
    const tooShort = buffer(photoForm({ path: shrunk, bytes: 5 }, {}, () => {}).body)

    await expect(tooLong).rejects.toThrow(SetupError)
    await expect(tooShort).rejects.toThrow('shrunk.jpg changed while it was sent')
  })
})

/** A parser leaves these as they were escaped. */
function asSent(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\n', '%0A').replaceAll('\\', '%5C')
}

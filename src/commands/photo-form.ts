import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { SetupError } from '../errors.ts'

export type PhotoFile = { path: string; bytes: number }

/** A body of multipart/form-data whose length is known before it is read. */
export type PhotoForm = { contentType: string; contentLength: number; body: AsyncGenerator<Uint8Array> }

/** Finds the files. Throws one SetupError that names every path that is missing, no file or not ours to read. */
export async function findPhotoFiles(paths: readonly string[]): Promise<PhotoFile[]> {
  const files: PhotoFile[] = []
  const problems: string[] = []
  for (const path of paths) {
    try {
      await access(path, constants.R_OK)
      const found = await stat(path)
      if (found.isFile()) files.push({ path, bytes: found.size })
      else problems.push(`${path} is ${found.isDirectory() ? 'a folder: name the files in it' : 'no file'}.`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      problems.push(`${path} ${code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`}.`)
    }
  }
  if (problems.length > 0) throw new SetupError(`Nothing was uploaded: ${problems.join(' ')}`)
  return files
}

/**
 * A form (RFC 7578) of the fields and then the file, read as it is sent. `onBytes` hears of the file's bytes as
 * they are taken. The body throws SetupError when the file is no longer as long as it was.
 */
export function photoForm(
  { path, bytes }: PhotoFile,
  fields: Readonly<Record<string, string | undefined>>,
  onBytes: (count: number) => void,
): PhotoForm {
  const boundary = `darkroom-${randomUUID()}`
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  const parts = given.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = Buffer.from(
    `${parts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escapeName(basename(path))}"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)

  async function* body(): AsyncGenerator<Uint8Array> {
    yield head
    let sent = 0
    for await (const chunk of createReadStream(path, {
      highWaterMark: 256 * 1024,
    }) as AsyncIterable<Buffer>) {
      sent += chunk.length
      if (sent > bytes) break
      yield chunk
      onBytes(chunk.length)
    }
    if (sent !== bytes) throw new SetupError(`${path} changed while it was sent.`)
    yield tail
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.length + bytes + tail.length,
    body: body(),
  }
}

/**
 * As browsers do it (HTML, "multipart/form-data encoding algorithm"), and the backslash, which some parsers take for an
 * escape.
 */
function escapeName(name: string): string {
  return name.replace(/["\r\n\\]/g, encodeURIComponent)
}

import { PassThrough, pipeline, type Readable } from 'node:stream'
import { isTransient } from '../aws-errors.ts'
import { translateS3Error } from './s3-errors.ts'

/** Most renditions leave S3 at once, however slow their viewer is. */
const READ_AHEAD = 1_000_000

/** The bytes of an object from `from` on, or the rest of the range that was asked for. */
export type ReadOn = (from: number) => Promise<Readable>

/**
 * The same bytes as the body's, which has `size` of them. A reader may pause for longer than S3, and our own limit
 * on idle connections, keep the connection: what breaks off is read on from there, unless two tries in a row bring
 * nothing. Then the error is ours. When the bytes are left unread the connection is freed.
 */
export function resumedBody(body: Readable, size: number, readOn: ReadOn): Readable {
  const out = new PassThrough({ highWaterMark: READ_AHEAD })
  let reading = body
  const bytes = resumed(body, size, async (from) => {
    reading = await readOn(from)
    return reading
  })
  // The body itself as a part of the pipeline would end it with an error of its own.
  pipeline(bytes, out, () => {})
  return out.once('close', () => reading.destroy())
}

async function* resumed(first: Readable, size: number, readOn: ReadOn): AsyncGenerator<Buffer> {
  let body = first
  let read = 0
  let fruitless = 0
  for (;;) {
    const from = read
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        read += chunk.length
        yield chunk
      }
      return
    } catch (error) {
      if (read === size) return
      fruitless = read === from ? fruitless + 1 : 0
      if (fruitless > 1 || !isTransient(error)) throw translateS3Error(error)
    }
    body = await readOn(read)
  }
}

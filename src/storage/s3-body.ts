import { PassThrough, pipeline, type Readable } from 'node:stream'
import { translateS3Error } from './s3-errors.ts'

/** A rendition leaves S3 at once, so that a viewer who pauses is not taken for a connection that is stuck. */
const READ_AHEAD = 1_000_000

/** The same bytes; when the connection is lost half-way the error is ours, when they are left unread it is freed. */
export function translatedBody(body: Readable): Readable {
  const out = new PassThrough({ highWaterMark: READ_AHEAD })
  // The body itself as a part of the pipeline would end it with an error of its own.
  pipeline(withOurErrors(body), out, () => {})
  return out.once('close', () => body.destroy())
}

async function* withOurErrors(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } catch (error) {
    throw translateS3Error(error)
  }
}

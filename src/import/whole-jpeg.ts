import { CorruptPhotoError } from '../errors.ts'

const MARKER = 0xff
const START_OF_SCAN = 0xda
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])
/** Markers that have no length behind them. */
const isAlone = (code: number) => code === 0x01 || (code >= 0xd0 && code <= 0xd8)

/**
 * The bytes of a JPEG as they flow past. Throws CorruptPhotoError at the end of one that ends within its tables or its
 * picture, as copies of what was cut off do: no decoder makes all of it. What lies behind the picture, such as a movie,
 * is not looked at.
 */
export async function* wholeJpeg(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const end = new EndOfJpeg()
  for await (const chunk of source) {
    end.see(chunk)
    yield chunk
  }
  if (!end.isSeen) throw new CorruptPhotoError()
}

/** Looks for the end of the picture: behind the tables, in one of which a preview may have an end of its own. */
class EndOfJpeg {
  isSeen = false
  /** Of the table that is passed by, how many bytes are still to come. */
  #skip = 2
  #isScan = false
  /** Of the tables, what has come of one that is still to come. */
  #rest = Buffer.alloc(0)
  /** Of the scan, the last byte before the next. */
  #last: number | undefined

  see(chunk: Buffer): void {
    if (this.isSeen) return
    const left = this.#isScan ? chunk : this.#passTables(Buffer.concat([this.#rest, chunk]))
    if (this.#isScan) this.#seeScan(left)
    else this.#rest = Buffer.from(left)
  }

  /** Copies nothing: most of a photo is its scan. */
  #seeScan(bytes: Buffer): void {
    if (bytes.length === 0) return
    const [first, second] = END_OF_IMAGE
    this.isSeen = (this.#last === first && bytes[0] === second) || bytes.includes(END_OF_IMAGE)
    this.#last = bytes.at(-1)
  }

  /** What is left of the bytes behind the tables that end in them. */
  #passTables(bytes: Buffer): Buffer {
    let at = 0
    for (;;) {
      const step = Math.min(this.#skip, bytes.length - at)
      at += step
      this.#skip -= step
      if (this.#skip > 0 || bytes.length - at < 4) return bytes.subarray(at)
      const code = bytes[at + 1] as number
      if (bytes[at] !== MARKER || code === MARKER) {
        // Padding between tables.
        at += 1
      } else if (isAlone(code)) at += 2
      else if (code === START_OF_SCAN) {
        this.#isScan = true
        return bytes.subarray(at)
      } else this.#skip = 2 + bytes.readUInt16BE(at + 2)
    }
  }
}

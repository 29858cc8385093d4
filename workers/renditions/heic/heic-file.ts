import type { Size } from '../../../src/photo/fit.ts'
import type { Libheif } from './libheif.ts'
import type { ColorCoding, Plane } from './planes.ts'

/** Numbers and struct offsets of libheif's C headers, on 32 bits. */
const UNCHANGED = 99
const CHANNEL = { y: 0, cb: 1, cr: 2, alpha: 6 } as const
const STRICT_DECODING = 21
const OUTPUT_COLORS = 56
/** Unspecified (H.273). */
const ANY = 2
const MAX_IMAGE_SIZE_PIXELS = 8
/** Of a stream that says nothing, as libheif has it: BT.709 primaries, sRGB's curve, BT.601 matrix, full range. */
const UNSPOKEN = { primaries: 1, transfer: 13, matrix: 6, isFullRange: true }

/** The upright picture and the tiles it is cut into; the first may begin outside of it. */
export type Tiling = Size & {
  columns: number
  rows: number
  tileWidth: number
  tileHeight: number
  leftOffset: number
  topOffset: number
}

export type Tile = ColorCoding & Record<keyof typeof CHANNEL, Plane | null>

/**
 * The primary picture of a HEIC file, or that of an item beside it, not cropped; depth maps and thumbnails stay
 * closed. Rotation and mirroring are applied as the container says; EXIF has no say in it (ISO/IEC 23008-12, 6.5.10).
 */
export class HeicFile {
  readonly #libheif: Libheif
  readonly #error: number
  readonly #out: number
  readonly #handle: number
  readonly #options: number
  readonly tiling: Tiling

  /** Reads the container only. Throws an Error that says what libheif says. */
  constructor(libheif: Libheif, bytes: Uint8Array, maxPixels: number, item: number | null = null) {
    this.#libheif = libheif
    this.#error = libheif._malloc(16)
    this.#out = libheif._malloc(64)
    const data = libheif._malloc(bytes.length)
    libheif.HEAPU8.set(bytes, data)

    const context = libheif._heif_context_alloc()
    const limits = libheif._heif_context_get_security_limits(context)
    libheif.HEAPU32.set([maxPixels, 0], (limits + MAX_IMAGE_SIZE_PIXELS) >> 2)
    libheif._heif_context_read_from_memory_without_copy(this.#error, context, data, bytes.length, 0)
    this.#check()
    if (item === null) libheif._heif_context_get_primary_image_handle(this.#error, context, this.#out)
    else libheif._heif_context_get_image_handle(this.#error, context, item, this.#out)
    this.#check()
    this.#handle = this.#word(this.#out)
    this.#options = libheif._heif_decoding_options_alloc()
    libheif.HEAPU8[this.#options + STRICT_DECODING] = 1
    libheif.HEAPU32[(this.#options + OUTPUT_COLORS) >> 2] = this.#colorsOfTheFile()
    this.tiling = this.#readTiling()
  }

  decodeTile(column: number, row: number): Tile {
    const libheif = this.#libheif
    const [error, handle, out, options] = [this.#error, this.#handle, this.#out, this.#options]
    if (this.tiling.columns * this.tiling.rows === 1) {
      libheif._heif_decode_image(error, handle, out, UNCHANGED, UNCHANGED, options)
    } else {
      libheif._heif_image_handle_decode_image_tile(
        error,
        handle,
        out,
        UNCHANGED,
        UNCHANGED,
        options,
        column,
        row,
      )
    }
    this.#check()
    const image = this.#word(this.#out)
    const bits = libheif._heif_image_get_bits_per_pixel_range(image, CHANNEL.y)
    const plane = (channel: number) => this.#plane(image, channel, bits)
    const tile = {
      bits,
      ...this.#coding(image),
      y: plane(CHANNEL.y),
      cb: plane(CHANNEL.cb),
      cr: plane(CHANNEL.cr),
      alpha: plane(CHANNEL.alpha),
    }
    libheif._heif_image_release(image)
    return tile
  }

  /**
   * An nclx profile that asks for nothing but full range.
   * @NOTE Where none is asked for, libheif 1.23 converts to BT.601's matrix and says that the primaries are sRGB's.
   */
  #colorsOfTheFile(): number {
    const nclx = this.#libheif._malloc(64)
    this.#libheif.HEAPU8.fill(0, nclx, nclx + 64)
    this.#libheif.HEAPU8[nclx] = 1 // its version
    this.#libheif.HEAPU32.set([ANY, ANY, ANY], (nclx + 4) >> 2)
    this.#libheif.HEAPU8[nclx + 16] = 1
    return nclx
  }

  #readTiling(): Tiling {
    const libheif = this.#libheif
    libheif._heif_image_handle_get_image_tiling(this.#error, this.#handle, 1, this.#out)
    this.#check()
    const at = (index: number) => this.#word(this.#out + 4 * index)
    const [columns, rows, tileWidth, tileHeight, width, height] = [at(1), at(2), at(3), at(4), at(5), at(6)]
    if (columns * rows === 1) return this.#wholePicture()
    return {
      columns,
      rows,
      tileWidth,
      tileHeight,
      width,
      height,
      // @NOTE libheif 1.23 knows that a turned grid begins outside of the picture, but not how far: it gives what
      // the last tile has inside instead.
      topOffset: at(7) && rows * tileHeight - height,
      leftOffset: at(8) && columns * tileWidth - width,
    }
  }

  #wholePicture(): Tiling {
    const width = this.#libheif._heif_image_handle_get_width(this.#handle)
    const height = this.#libheif._heif_image_handle_get_height(this.#handle)
    return {
      columns: 1,
      rows: 1,
      tileWidth: width,
      tileHeight: height,
      width,
      height,
      topOffset: 0,
      leftOffset: 0,
    }
  }

  #plane(image: number, channel: number, bits: number): Plane | null {
    const libheif = this.#libheif
    if (!libheif._heif_image_has_channel(image, channel)) return null
    const width = libheif._heif_image_get_width(image, channel)
    const height = libheif._heif_image_get_height(image, channel)
    const start = libheif._heif_image_get_plane_readonly(image, channel, this.#out)
    const stride = this.#word(this.#out)
    const rowBytes = bits > 8 ? 2 * width : width
    const bytes = new Uint8Array(rowBytes * height)
    for (let row = 0; row < height; row++) {
      const from = start + row * stride
      bytes.set(libheif.HEAPU8.subarray(from, from + rowBytes), row * rowBytes)
    }
    return { width, height, data: bits > 8 ? new Uint16Array(bytes.buffer) : bytes }
  }

  #coding(image: number): Omit<ColorCoding, 'bits'> {
    this.#libheif._heif_image_get_nclx_color_profile(this.#error, image, this.#out)
    if (this.#word(this.#error) !== 0) return UNSPOKEN
    const nclx = this.#word(this.#out)
    return {
      primaries: this.#word(nclx + 4),
      transfer: this.#word(nclx + 8),
      matrix: this.#word(nclx + 12),
      isFullRange: this.#libheif.HEAPU8[nclx + 16] !== 0,
    }
  }

  #word(pointer: number): number {
    return this.#libheif.HEAPU32[pointer >> 2] as number
  }

  #check(): void {
    if (this.#word(this.#error) === 0) return
    const start = this.#word(this.#error + 8)
    const { HEAPU8 } = this.#libheif
    throw new Error(Buffer.from(HEAPU8.subarray(start, HEAPU8.indexOf(0, start))).toString())
  }
}

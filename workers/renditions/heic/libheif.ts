import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Kernels, putTransforms } from './fast-transforms.ts'

/**
 * The C functions of libheif that are used, compiled to WebAssembly: HEVC decoders are old, large and fed by
 * strangers, so a fault in theirs ends here. Pointers are numbers. A function that returns a `heif_error` in C
 * writes it where its first argument points to.
 */
export type Libheif = {
  readonly HEAPU8: Uint8Array
  readonly HEAPU32: Uint32Array
  _malloc(bytes: number): number
  _heif_context_alloc(): number
  _heif_context_get_security_limits(context: number): number
  _heif_context_read_from_memory_without_copy(
    error: number,
    context: number,
    data: number,
    bytes: number,
    options: number,
  ): void
  _heif_context_get_primary_image_handle(error: number, context: number, out: number): void
  _heif_context_get_image_handle(error: number, context: number, item: number, out: number): void
  _heif_decoding_options_alloc(): number
  _heif_image_handle_get_image_tiling(error: number, handle: number, isUpright: number, out: number): void
  _heif_image_handle_decode_image_tile(
    error: number,
    handle: number,
    out: number,
    colorspace: number,
    chroma: number,
    options: number,
    column: number,
    row: number,
  ): void
  _heif_decode_image(
    error: number,
    handle: number,
    out: number,
    colorspace: number,
    chroma: number,
    options: number,
  ): void
  _heif_image_handle_get_width(handle: number): number
  _heif_image_handle_get_height(handle: number): number
  _heif_image_has_channel(image: number, channel: number): number
  _heif_image_get_width(image: number, channel: number): number
  _heif_image_get_height(image: number, channel: number): number
  _heif_image_get_bits_per_pixel_range(image: number, channel: number): number
  _heif_image_get_plane_readonly(image: number, channel: number, outStride: number): number
  _heif_image_get_nclx_color_profile(error: number, image: number, out: number): void
  _heif_image_release(image: number): void
}

/** `kernels` is null where there are no vector instructions, or when they don't belong to this libheif. */
export type LibheifModules = { libheif: WebAssembly.Module; kernels: WebAssembly.Module | null }

/** The build of libheif-js in which libde265's transforms lie where FIRST_TRANSFORM says: SHA-256 of its code. */
const KNOWN_BUILD = 'e4aa8333fbe55ec7c6c776f735236f40bed9103188498f8131d4e52b73cdfee8'
const FIRST_TRANSFORM = 1999

const require = createRequire(import.meta.url)

let compiled: LibheifModules | undefined

/** Compiled once per process; instances of it in any thread share the machine code. */
export function compileLibheif(): LibheifModules {
  if (compiled) return compiled
  const code = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'))
  const kernels = readFileSync(new URL('./kernels/transforms.wasm', import.meta.url))
  const isKnown = hash('sha256', code) === KNOWN_BUILD
  compiled = {
    libheif: new WebAssembly.Module(code),
    kernels: isKnown && WebAssembly.validate(kernels) ? new WebAssembly.Module(kernels) : null,
  }
  return compiled
}

/** An instance with a memory of its own, which grows as needed and is given back when the instance is forgotten. */
export function startLibheif(modules: LibheifModules): Libheif {
  const start = require('libheif-js/libheif-wasm/libheif.js') as (options: object) => Libheif
  let exported: readonly unknown[] = []
  const libheif = start({
    instantiateWasm(
      imports: Record<string, Record<string, never>>,
      done: (instance: WebAssembly.Instance) => void,
    ) {
      const instance = new WebAssembly.Instance(modules.libheif, imports)
      exported = Object.values(instance.exports)
      done(instance)
      return instance.exports
    },
    // It would print what it has to say of a broken file.
    printErr: () => {},
  })
  const memory = exported.find((each) => each instanceof WebAssembly.Memory)
  const table = exported.find((each) => each instanceof WebAssembly.Table)
  if (modules.kernels && memory && table) {
    const { exports } = new WebAssembly.Instance(modules.kernels, { env: { memory } })
    putTransforms(libheif, table, FIRST_TRANSFORM, exports as Kernels)
  }
  return libheif
}

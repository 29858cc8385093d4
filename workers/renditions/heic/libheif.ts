import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

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
  _heif_image_handle_get_item_id(handle: number): number
  _heif_image_handle_get_width(handle: number): number
  _heif_image_handle_get_height(handle: number): number
  _heif_item_get_properties_of_type(
    context: number,
    item: number,
    type: number,
    out: number,
    count: number,
  ): number
  _heif_image_has_channel(image: number, channel: number): number
  _heif_image_get_width(image: number, channel: number): number
  _heif_image_get_height(image: number, channel: number): number
  _heif_image_get_bits_per_pixel_range(image: number, channel: number): number
  _heif_image_get_plane_readonly(image: number, channel: number, outStride: number): number
  _heif_image_get_nclx_color_profile(error: number, image: number, out: number): void
  _heif_image_release(image: number): void
}

/** What TypeScript knows of WebAssembly it keeps with the browser's types. */
declare namespace WebAssembly {
  class Module {
    constructor(code: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: object)
    readonly exports: object
  }
}
export type LibheifModule = WebAssembly.Module

const require = createRequire(import.meta.url)

let compiled: LibheifModule | undefined

/** Compiled once per process; instances of it in any thread share the machine code. */
export function compileLibheif(): LibheifModule {
  compiled ??= new WebAssembly.Module(readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm')))
  return compiled
}

/** An instance with a memory of its own, which grows as needed and is given back when the instance is forgotten. */
export function startLibheif(module: LibheifModule): Libheif {
  const start = require('libheif-js/libheif-wasm/libheif.js') as (options: object) => Libheif
  return start({
    instantiateWasm(imports: object, done: (instance: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(module, imports)
      done(instance)
      return instance.exports
    },
    // It would print what it has to say of a broken file.
    printErr: () => {},
  })
}

/** What TypeScript knows of WebAssembly it keeps with the browser's types. */
declare namespace WebAssembly {
  class Module {
    constructor(code: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: object)
    readonly exports: Readonly<Record<string, unknown>>
  }
  class Memory {
    constructor(size: { initial: number })
    readonly buffer: ArrayBuffer
    /** By so many pages of 64 KiB. Leaves `buffer` as it was empty; there is a new one. */
    grow(pages: number): number
  }
  class Table {
    set(index: number, value: unknown): void
  }
  function validate(code: Uint8Array): boolean
}

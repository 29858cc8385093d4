const { PATH, NODE_COMPILE_CACHE } = process.env

/** The environment that Node itself wants, and nothing that Darkroom reads. */
export const RUNTIME = { PATH, NODE_COMPILE_CACHE }

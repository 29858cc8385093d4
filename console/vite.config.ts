import { defineConfig } from 'vite'

/**
 * The page is `/console`, without a slash at its end, and everything else of it lies under `/console/assets/`: so what it names by
 * relative paths is found whatever path a proxy puts before.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  publicDir: false,
  resolve: {
    alias: {
      'darkroom-client': `${import.meta.dirname}/../clients/typescript/src/darkroom-client.ts`,
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsDir: 'console/assets',
    // The policy of the page allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    target: ['chrome120', 'firefox128', 'safari17'],
    reportCompressedSize: false,
  },
})

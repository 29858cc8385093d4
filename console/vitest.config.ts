import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import suite from '../vitest.config.ts'

/** What people do on the page, in real browsers: apart from the suite, which runs without any but Chromium. */
export default defineConfig({
  ...suite,
  root: import.meta.dirname,
  test: {
    ...suite.test,
    include: ['test/**/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'test/support/global.ts')],
    // Browsers are processes of their own, some for each file.
    maxWorkers: 2,
  },
})

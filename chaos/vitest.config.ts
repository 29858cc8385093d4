import { defineConfig } from 'vitest/config'
import suite from '../vitest.config.ts'

/** Whether chaos finds what it looks for: apart from the suite, which it would make longer by minutes. */
export default defineConfig({
  ...suite,
  root: import.meta.dirname,
  test: { ...suite.test, include: ['test/**/*.test.ts'] },
})

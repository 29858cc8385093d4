// Prints "N passed, N failed, N skipped" of a vitest JSON report. A run without a report failed before its tests.
import { readFileSync } from 'node:fs'

const text = readFileSync(process.argv[2], 'utf8')
const report = text
  ? JSON.parse(text)
  : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, success: false }
const { numPassedTests, numFailedTests, numPendingTests, success } = report
const failed = success ? numFailedTests : Math.max(numFailedTests, 1)
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`)
process.exitCode = failed === 0 && numPendingTests === 0 ? 0 : 1

// Prints "N passed, N failed, N skipped" of vitest's JSON reports. A run without a report failed before its tests.
import { existsSync, readFileSync } from 'node:fs'

const reports = process.argv.slice(2).map(readReport)
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((count) =>
  reports.reduce((sum, report) => sum + report[count], 0),
)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 && skipped === 0 ? 0 : 1

function readReport(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 }
  const { numPassedTests, numFailedTests, numPendingTests, success } = JSON.parse(readFileSync(file, 'utf8'))
  const failed = success ? numFailedTests : Math.max(numFailedTests, 1)
  return { passed: numPassedTests, failed, skipped: numPendingTests }
}

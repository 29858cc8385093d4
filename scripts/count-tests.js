// Names the tests that failed, with why, and prints "N passed, N failed, N skipped" last, of vitest's JSON reports. A run
// without a report failed before its tests.
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

/** What is enough of a message to know what happened. */
const LINES = 12

const reports = process.argv.slice(2).map(readReport)
for (const { why } of reports) for (const reason of why) console.log(`FAILED: ${reason}`)
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((count) =>
  reports.reduce((sum, report) => sum + report[count], 0),
)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 && skipped === 0 ? 0 : 1

function readReport(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0, why: [`${file} was not written`] }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  const { numPassedTests, numFailedTests, numPendingTests, success, testResults = [] } = report
  const why = testResults.flatMap(failuresOf)
  if (!success && why.length === 0) why.push(`${file}: an error outside of the tests, see above`)
  const failed = success ? numFailedTests : Math.max(numFailedTests, 1)
  return { passed: numPassedTests, failed, skipped: numPendingTests, why }
}

/** Of a file: its tests that failed, or what kept it from running them. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative('.', name)
  const tests = assertionResults.filter((test) => test.status === 'failed')
  if (tests.length === 0) return status === 'failed' ? [`${file}\n${beginningOf(message)}`] : []
  return tests.map(
    ({ fullName, failureMessages }) => `${fullName} (${file})\n${beginningOf(failureMessages.join('\n'))}`,
  )
}

function beginningOf(text) {
  return text.split('\n').slice(0, LINES).join('\n')
}

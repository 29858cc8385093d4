// Ends as soon as it was ready.
import { reportReady } from '../../../src/supervisor/child.ts'

reportReady(null)
process.exitCode = 3

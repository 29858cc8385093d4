// Writes down what its predecessor died of. Dies of a job itself, unless that is what the one before it died of: then
// it dies when the job is done.
import { appendFile } from 'node:fs/promises'
import { lastTask, reportReady, reportTask } from '../../../src/supervisor/child.ts'

const [file] = process.argv.slice(2)
const last = lastTask(process.env)
await appendFile(file as string, `${JSON.stringify(last)}\n`)
reportReady(null)
reportTask({ job: 1 })
if (last !== null) reportTask(null)
process.kill(process.pid, 'SIGKILL')

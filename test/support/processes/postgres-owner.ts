// Runs an embedded PostgreSQL on the folder it was given until it is told to stop. Prints one line: what came of it.
import { once } from 'node:events'
import { startEmbeddedPostgres } from '../../../src/embedded-postgres/embedded-postgres.ts'
import { SetupError } from '../../../src/errors.ts'
import { stopSignal } from '../../../src/process/stop-signal.ts'
import { recordingLog } from './recording-log.ts'

const [directory = ''] = process.argv.slice(2)
const signal = stopSignal()
try {
  await using postgres = await startEmbeddedPostgres({ directory, log: recordingLog().log })
  console.log(JSON.stringify({ url: postgres.url, pid: postgres.pid }))
  await once(signal, 'abort')
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.log(JSON.stringify({ refused: error.message }))
}

// Works for a moment, and then asks to be replaced.
import { setTimeout as sleep } from 'node:timers/promises'
import { endWithSupervisor, reportLeave, reportReady } from '../../../src/supervisor/child.ts'

endWithSupervisor()
reportReady({ pid: process.pid })
await sleep(100)
reportLeave('it is tired')

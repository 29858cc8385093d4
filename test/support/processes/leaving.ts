// Works for a moment, and then asks to be replaced.
import { setTimeout as sleep } from 'node:timers/promises'
import { reportLeave, reportReady, stopSignal } from '../../../src/supervisor/child.ts'

stopSignal()
reportReady({ pid: process.pid })
await sleep(100)
reportLeave('it is tired')

import { expect, test } from 'vitest'
import { isRedisRefusal, isRedisUnavailable } from '../src/redis/errors.ts'

/** As servers of 6.2 to 8 and Valkey write them. */
const UNAVAILABLE = [
  'LOADING Redis is loading the dataset in memory',
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
  "ERR Error running script (call to f_6b): @user_script:8: -OOM command not allowed when used memory > 'maxmemory'.",
  "OOM command not allowed when used memory > 'maxmemory'. script: 6b, on @user_script:8.",
  "READONLY You can't write against a read only replica.",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'CLUSTERDOWN The cluster is down',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  'NOREPLICAS Not enough good replicas to write.',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
  'EXECABORT Transaction discarded because of previous errors.',
  'ERR max number of clients reached',
  'Connection is closed.',
  'connect ECONNREFUSED 127.0.0.1:6379',
]
const REFUSED = [
  'NOAUTH Authentication required.',
  'WRONGPASS invalid username-password pair or user is disabled.',
  "NOPERM this user has no permissions to run the 'info' command",
  "ERR The user executing the script can't run this command or subcommand script: 6b, on @user_script:8.",
  "ERR ACL failure in script: User darkroom has no permissions to run the 'set' command script: 6b, on @user_script:1.",
]
const OURS = [
  'WRONGTYPE Operation against a key holding the wrong kind of value',
  "CROSSSLOT Keys in request don't hash to the same slot",
  'ERR syntax error',
  "ERR unknown command 'bzpopmin'",
  'Missing lock for job 7. moveToFinished',
]

test.each(UNAVAILABLE)('%s: unavailable, which passes', (message) => {
  expect([isRedisUnavailable(new Error(message)), isRedisRefusal(new Error(message))]).toEqual([true, false])
})

test.each(REFUSED)('%s: a mistake in the set-up at start, unavailable later', (message) => {
  expect([isRedisUnavailable(new Error(message)), isRedisRefusal(new Error(message))]).toEqual([true, true])
})

test.each(OURS)('%s: a mistake of ours', (message) => {
  expect([isRedisUnavailable(new Error(message)), isRedisRefusal(new Error(message))]).toEqual([false, false])
})

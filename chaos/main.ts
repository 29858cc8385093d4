import { parseArgs } from 'node:util'
import { forgetLibpqVariables } from '../src/config/environment.ts'
import { runClients, textOfClients } from './clients/run.ts'
import { CLOUD_SERVICES, hasCloud } from './engines/cloud.ts'
import { ENGINE_SETS, type EngineSet } from './engines/open-engines.ts'
import { textOf } from './report.ts'
import { runChaos } from './run.ts'

const USAGE = `npm run chaos -- [options]

Uploads photos, changes looks, visibility and focus of some and deletes some, imports a folder, starts, pauses, resumes,
cancels, rolls back, finishes, verifies and retries runs, changes the presets once, and moves shards where there are two
databases, while everything that Darkroom consists of, and the commands that an operator gives, is killed or paused at
random, PostgreSQL refuses writes and the disk is full at times. Viewers follow owners, do so no more, and read feeds all the
while: no page shows what was gone when it was asked for, none lacks what was there and followed, and paging gives each photo once. They
and owners listen to events: each is told, in order. With the cloud's engines there is another server, and with some seeds a replica that
lags and a cache that is emptied.

Then, from --seconds 20 on, when nobody else changes anything, photos are made anew while all of that is hit again: each is
made once, or has failed for a reason that was seen to and is made by a retry; rolled back it is what it was, and finished
nothing is kept.

Last, an account: what was acknowledged or imported is there, once, whole and right, and of today's presets; what was deleted
is not; URLs of before a change of visibility open nothing; what is kept to be shown again is there; and after the sweeps
of the days to come nothing is left over. At every look, the photos of a run are done, skipped, failed or left; none fails,
none is left out or put aside twice, its cursor goes forward, and one that is paused or cancelled makes nothing. Ends with 1
when something is not so.

  --seed N       decides what is hit, when and how (default: one of the clock's)
  --seeds N      so many seeds in a row (default 1)
  --uploads N    photos (default 300)
  --seconds N    over which their beginnings are spread (default 40)
  --clients      photos are uploaded in every way there is, through a network that cuts, stalls, half-closes, delays and repeats,
                 and nothing else is done with them: each is there once, with its own bytes, and nothing else is
  --engines SET  embedded, cloud (wants Redis and Ceph, and has memcached if it is there: npm run services -- install) or both (default)
`

forgetLibpqVariables()
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    seeds: { type: 'string', default: '1' },
    uploads: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '40' },
    engines: { type: 'string', default: 'both' },
    clients: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

const seed = wholeNumber('seed', 0)
const seeds = wholeNumber('seeds', 1)
const uploads = wholeNumber('uploads', 1)
const seconds = wholeNumber('seconds', 1)
const sets = ENGINE_SETS.filter((set) => values.engines === 'both' || values.engines === set)
if (sets.length === 0) refuse(`There are no engines "${values.engines}".`)
if (sets.includes('cloud') && !hasCloud()) {
  const names = CLOUD_SERVICES.map(({ name }) => name).join(' ')
  refuse(`The cloud's engines are not all installed: npm run services -- install ${names}`)
}

const stopping = new AbortController()
// Stays on after the first: with npm one Ctrl-C arrives twice.
process.on('SIGINT', () => stopping.abort(new Error('Stopped.')))

await runAll(stopping.signal).catch((error) => {
  if (!stopping.signal.aborted) throw error
  process.exitCode = 130
})

async function runAll(stop: AbortSignal): Promise<void> {
  const found = new Map<EngineSet, number>(sets.map((set) => [set, 0]))
  for (let run = 0; run < seeds; run++) {
    for (const engines of sets) {
      const options = { seed: seed + run, engines, uploads, seconds, stop }
      const report = values.clients ? await runClients(options) : await runChaos(options)
      console.log('ways' in report ? textOfClients(report) : textOf(report))
      if (report.findings.length > 0) found.set(engines, (found.get(engines) ?? 0) + 1)
    }
  }
  for (const [set, count] of found) console.log(`${set}: findings with ${count} of ${seeds} seeds`)
  if (found.values().some((count) => count > 0)) process.exitCode = 1
}

function wholeNumber(name: 'seed' | 'seeds' | 'uploads' | 'seconds', min: number): number {
  const value = Number(values[name])
  if (!Number.isSafeInteger(value) || value < min) refuse(`--${name} must be a whole number from ${min}.`)
  return value
}

function refuse(message: string): never {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}

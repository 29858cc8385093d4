import { parseArgs } from 'node:util'
import { createRandom } from '../chaos/random.ts'
import { SetupError } from '../src/errors.ts'
import { stopSignal } from '../src/process/stop-signal.ts'
import { watchFeed } from './feed.ts'
import { Life, setFollowing } from './life.ts'
import { lines } from './lines.ts'
import { screen } from './screen.ts'
import { openHome, startServer } from './server.ts'
import { MOST_OWNERS, townOf, VIEWER } from './town.ts'

const USAGE = `npm run demo -- [options]

Starts a Darkroom of its own, with nothing configured, in which ${MOST_OWNERS.toLocaleString('en')} owners follow each other: most follow
few and few are followed by many. They post photos through the API, give them looks, delete some and make some private, and
the feed of one viewer is shown as it moves; where there is no terminal, a line for each photo that comes or goes. Ctrl-C ends it.

  --home FOLDER   keep everything there, and go on with it the next time (default: a temporary folder, removed at the end)
  --owners N      so many owners (default ${MOST_OWNERS})
  --seed N        decides what happens (default 1)
`

const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    owners: { type: 'string', default: String(MOST_OWNERS) },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const size = wholeNumber('owners', 2, MOST_OWNERS)
const seed = wholeNumber('seed', 0, 2 ** 31)

const stopping = stopSignal()
// As when whoever reads our lines has read enough.
const unread = new AbortController()
process.stdout.on('error', () => unread.abort())

const stop = AbortSignal.any([stopping, unread.signal])
await demonstrate(stop).catch((error) => {
  if (stop.aborted) return
  console.error(error instanceof SetupError ? `darkroom: ${error.message}` : error)
  process.exitCode = 1
})

async function demonstrate(stop: AbortSignal): Promise<void> {
  await using home = await openHome(values.home)
  console.log(`Starting Darkroom in ${home.path} …`)
  await using server = await startServer(home.path, stop)
  const town = townOf(size, createRandom(seed, 'town'))
  const life = new Life(town, server, createRandom(seed, 'life'))
  const over = new AbortController()
  const halt = AbortSignal.any([stop, server.ended, over.signal])
  console.log(`It is ready: ${server.url}/docs`)
  await setFollowing([VIEWER], town, server, halt)
  {
    using view = process.stdout.isTTY ? screen(process.stdout, `The feed of ${VIEWER}`) : lines(console.log)
    const watched = { url: server.url, token: await server.tokenOf(VIEWER), limit: view.limit }
    const doings = [
      setFollowing(town.owners, town, server, halt),
      life.goOn(view.tell, halt),
      watchFeed(watched, (page) => view.show(page, life), halt),
    ]
    await Promise.all(doings).catch((error) => over.abort(error))
    await Promise.allSettled(doings)
  }
  if (!stop.aborted) throw server.ended.aborted ? server.ended.reason : over.signal.reason
  console.log(`${life.posted} photos were posted and ${life.removed} deleted or made private. Stopping …`)
}

function wholeNumber(name: 'owners' | 'seed', min: number, max: number): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  console.error(`--${name} must be a whole number from ${min} to ${max}.\n\n${USAGE}`)
  process.exit(2)
}

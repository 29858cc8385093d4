import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom, type Random } from '../random.ts'

/** What becomes of a connection, and how often of so many. */
const FATES = {
  /** Nothing. */
  pass: 8,
  /** Broken off while the request is under way. */
  cut: 2,
  /** Broken off in place of the answer: what was asked is done, and nobody hears of it. */
  lose: 3,
  /** Nothing moves for a while, in the midst of it. */
  stall: 1,
  /** The client's side is ended in the midst of it, and an answer still comes through. */
  halfClose: 1,
  /** The request comes a second time, when it is over, as from a box that sends again. */
  repeat: 3,
  /** It is held back, and others overtake it. */
  late: 3,
} as const
export type Fate = keyof typeof FATES

const ALL = Object.entries(FATES).flatMap(([fate, share]) => Array<Fate>(share).fill(fate as Fate))
/** As much as a request here has. */
const MIDST_BYTES = [1, 150_000] as const
const STALL_MS = [500, 6_000] as const
const LATE_MS = [100, 3_000] as const
/** What is sent a second time is of no use for longer. */
const REPEATED_MS = 10_000

/** The network of a phone: what goes through `url` ends where it leads to, or on the way. */
export type BadProxy = AsyncDisposable & {
  url: string
  leadTo(target: string): void
  /** From now on everything passes. Resolves when nothing is sent a second time any more. */
  calm(): Promise<void>
  /** How many connections had each fate. */
  readonly counts: Record<Fate, number>
}

export async function openBadProxy(seed: number, use: string): Promise<BadProxy> {
  const random = createRandom(seed, `proxy ${use}`)
  const counts = Object.fromEntries(Object.keys(FATES).map((fate) => [fate, 0])) as Record<Fate, number>
  const sockets = new Set<Socket>()
  const repeats = new Set<Promise<void>>()
  let target = new URL('http://127.0.0.1:9')
  let isCalm = false

  const open = () => {
    const socket = connect(Number(target.port), target.hostname)
    return keep(socket)
  }
  function keep(socket: Socket): Socket {
    sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  // Who ends their side may still listen.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const fate = isCalm ? 'pass' : random.pick(ALL)
    counts[fate] += 1
    const way = { client: keep(client), upstream: open(), random }
    const heard = connectBy(fate, way)
    if (fate !== 'repeat') return
    client.once('close', () => {
      const again = repeat(Buffer.concat(heard), open, random)
      repeats.add(again)
      void again.then(() => repeats.delete(again))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (url) => {
      target = new URL(url)
    },
    calm: async () => {
      isCalm = true
      await Promise.all(repeats)
    },
    counts,
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(repeats)
    },
  }
}

type Way = { client: Socket; upstream: Socket; random: Random }

/** Joins both ends, for as long as it lasts. Returns what the client sends. */
function connectBy(fate: Fate, { client, upstream, random }: Way): Buffer[] {
  const heard: Buffer[] = []
  const midst = random.between(...MIDST_BYTES)
  const [lateMs, stallMs] = [random.between(...LATE_MS), random.between(...STALL_MS)]
  let sent = 0
  const destroy = () => {
    client.destroy()
    upstream.destroy()
  }
  const passOn = async () => {
    if (fate === 'late') await sleep(lateMs)
    for await (const chunk of client as AsyncIterable<Buffer>) {
      if (fate === 'repeat') heard.push(chunk)
      const isMidst = sent <= midst && sent + chunk.length > midst
      sent += chunk.length
      if (isMidst && fate === 'cut') return destroy()
      if (isMidst && fate === 'stall') await sleep(stallMs)
      if (isMidst && fate === 'halfClose') return void upstream.end(chunk.subarray(0, chunk.length / 2))
      if (!upstream.write(chunk)) await Promise.race([once(upstream, 'drain'), once(upstream, 'close')])
      if (upstream.destroyed) return destroy()
    }
    upstream.end()
  }
  passOn().catch(destroy)
  upstream.on('data', (chunk) => {
    if (fate === 'lose') destroy()
    else client.write(chunk)
  })
  upstream.on('end', () => client.end())
  for (const socket of [client, upstream]) socket.once('close', destroy)
  return heard
}

async function repeat(bytes: Buffer, open: () => Socket, random: Random): Promise<void> {
  await sleep(random.between(...LATE_MS))
  const socket = open()
  const timer = setTimeout(() => socket.destroy(), REPEATED_MS)
  socket.end(bytes)
  socket.resume()
  await once(socket, 'close').catch(() => {})
  clearTimeout(timer)
}

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../src/embedded-postgres/free-port.ts'

/** From which port on this system gives them to whoever does not care. */
async function firstHandedOut(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '32768 60999')
  return Number(range.split(/\s/)[0])
}

test('who asks for ports at the same time gets different ones, of those that are given to nobody else', async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, freePort))

  expect(new Set(ports).size).toBe(100)
  expect(Math.max(...ports)).toBeLessThan(Math.max(32_768, await firstHandedOut()))
})

test('a port that somebody listens on is passed over', async () => {
  const taken = (await freePort()) + 1
  const server = createServer().listen(taken, '127.0.0.1')
  await once(server, 'listening')

  const port = await freePort()

  server.close()
  expect(port).not.toBe(taken)
})

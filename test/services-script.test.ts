import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isOurs, startDaemon } from '../scripts/services/daemon.ts'
import { bringUp, findRunning, startTemporarily, takeDown } from '../scripts/services/running-service.ts'
import { isInstalled, type Service } from '../scripts/services/service.ts'

const WAITS = ['-e', 'setInterval(() => {}, 1e6)']

/** A process that does nothing, with its folder in its command line as real ones have it. */
function idleService({ fails = false } = {}) {
  const started: { pid: number; folder: string }[] = []
  const service: Service = {
    name: 'idle',
    packages: ['nodejs'],
    programs: ['node'],
    async start(folder, onProcess) {
      const pid = startDaemon(process.execPath, [...WAITS, folder], join(folder, 'idle.log'))
      onProcess(pid)
      started.push({ pid, folder })
      if (fails) throw new Error('it does not answer')
      return { IDLE_PID: String(pid) }
    },
  }
  const running = () => started.filter(({ pid, folder }) => isOurs(pid, folder)).length
  return { service, started, running }
}

async function temporaryFolder() {
  const { path, remove } = await mkdtempDisposable(join(tmpdir(), 'darkroom-services-'))
  const folder = join(path, 'idle')
  return {
    folder,
    [Symbol.asyncDispose]: async () => {
      await takeDown(folder)
      await remove()
    },
  }
}

describe.runIf(process.platform === 'linux')(
  'npm run services (on Linux: it tells its processes by /proc)',
  () => {
    test('a service that runs already is not started again', async () => {
      await using at = await temporaryFolder()
      const idle = idleService()

      const first = await bringUp(idle.service, at.folder)
      const second = await bringUp(idle.service, at.folder)

      expect(second).toEqual(first)
      expect(idle.started).toHaveLength(1)
      expect((await findRunning(at.folder))?.env).toEqual(first)
    })

    test('a service of a process that is killed is ended, and its data removed', async () => {
      const script = `
        import { startDaemon } from './scripts/services/daemon.ts'
        import { startTemporarily } from './scripts/services/running-service.ts'
        await startTemporarily({ name: 'idle', start: async (folder, onProcess) => {
          const pid = startDaemon(process.execPath, [...${JSON.stringify(WAITS)}, folder], folder + '/idle.log')
          onProcess(pid)
          console.log(JSON.stringify({ pid, folder }))
        } })
        setInterval(() => {}, 1e6)`
      const user = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [told] = await once(user.stdout, 'data')
      const { pid, folder } = JSON.parse(String(told))
      expect(isOurs(pid, folder)).toBe(true)

      user.kill('SIGKILL')

      await expect.poll(() => isOurs(pid, folder)).toBe(false)
      await expect.poll(async () => await access(folder).catch(({ code }) => code)).toBe('ENOENT')
    })

    test('a service that is taken down leaves no process and no data, and may be taken down again', async () => {
      await using at = await temporaryFolder()
      const idle = idleService()
      await bringUp(idle.service, at.folder)

      await takeDown(at.folder)
      await takeDown(at.folder)

      expect(idle.running()).toBe(0)
      expect(await findRunning(at.folder)).toBeNull()
      await expect(access(at.folder)).rejects.toThrow('ENOENT')
    })

    test('a service whose process has died is started afresh', async () => {
      await using at = await temporaryFolder()
      const idle = idleService()
      await bringUp(idle.service, at.folder)
      process.kill(idle.started[0]?.pid ?? 0, 'SIGKILL')
      await expect.poll(() => idle.running()).toBe(0)

      await bringUp(idle.service, at.folder)

      expect(idle.started).toHaveLength(2)
      expect(idle.running()).toBe(1)
    })

    test('a service that fails half-way leaves none of its processes', async () => {
      const idle = idleService({ fails: true })

      await expect(startTemporarily(idle.service)).rejects.toThrow('it does not answer')

      expect(idle.started).toHaveLength(1)
      expect(idle.running()).toBe(0)
    })

    test('a service is installed when all of its programs are', () => {
      const { service } = idleService()

      expect(isInstalled(service)).toBe(true)
      expect(isInstalled({ ...service, programs: ['node', 'no-such-program'] })).toBe(false)
    })
  },
)

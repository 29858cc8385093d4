import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ceph } from './ceph.ts'
import { redis } from './redis.ts'
import { bringUp, findRunning, takeDown } from './running-service.ts'
import { isInstalled, type Service } from './service.ts'

const SERVICES: readonly Service[] = [ceph, redis]
const FOLDER = join(import.meta.dirname, '../../.darkroom/services')
const USAGE = `npm run services -- install | up | down | status [${SERVICES.map(({ name }) => name).join(' | ')}]`

const [command = '', ...names] = process.argv.slice(2)
const chosen = SERVICES.filter(({ name }) => names.length === 0 || names.includes(name))
if (chosen.length < names.length) usage()

switch (command) {
  case 'install':
    install(chosen)
    break
  case 'up':
    for (const service of chosen) await up(service)
    break
  case 'down':
    for (const { name } of chosen) await takeDown(join(FOLDER, name))
    break
  case 'status':
    for (const service of chosen) await tell(service)
    break
  default:
    usage()
}

/** Debian and Ubuntu only; elsewhere these servers come in other ways. */
function install(services: readonly Service[]): void {
  const packages = services.filter((service) => !isInstalled(service)).flatMap((service) => service.packages)
  if (packages.length === 0) return
  const isDone = aptGet('update') && aptGet('install', '-y', '--no-install-recommends', ...packages)
  if (!isDone) process.exitCode = 1
}

function aptGet(...words: string[]): boolean {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo']
  const [program = '', ...args] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...words]
  return spawnSync(program, args, { stdio: 'inherit' }).status === 0
}

async function up(service: Service): Promise<void> {
  if (!isInstalled(service)) {
    console.error(`${service.name} is not installed: npm run services -- install ${service.name}`)
    process.exitCode = 1
    return
  }
  await bringUp(service, join(FOLDER, service.name))
  await tell(service)
}

async function tell(service: Service): Promise<void> {
  const running = await findRunning(join(FOLDER, service.name))
  const state = running ? 'up' : isInstalled(service) ? 'down' : 'not installed'
  console.log(`# ${service.name}: ${state}`)
  for (const [name, value] of Object.entries(running?.env ?? {})) console.log(`${name}=${value}`)
}

function usage(): never {
  console.error(USAGE)
  process.exit(2)
}

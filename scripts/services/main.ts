import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ceph } from './ceph.ts'
import { memcached } from './memcached.ts'
import { postgres } from './postgres.ts'
import { redis } from './redis.ts'
import { bringUp, findRunning, takeDown } from './running-service.ts'
import { isInstalled, type Service } from './service.ts'
import { versity } from './versity.ts'

const SERVICES: readonly Service[] = [ceph, memcached, postgres(), redis, versity]
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
  const missing = services.filter((service) => !isInstalled(service))
  const packages = missing.flatMap((service) => service.packages)
  const areThere =
    packages.length === 0 ||
    (aptGet('update') && aptGet('install', '-y', '--no-install-recommends', ...packages))
  const areCompiled = missing.map(({ goModule }) => goModule === undefined || goInstall(goModule))
  if (!areThere || areCompiled.includes(false)) process.exitCode = 1
}

/** Into a folder that is in everybody's PATH. */
function goInstall(module: string): boolean {
  const env = { ...process.env, GOBIN: '/usr/local/bin' }
  const { status, error } = spawnSync('go', ['install', module], { stdio: 'inherit', env })
  if (error) console.error(`${module} is compiled by Go, which is not installed: see https://go.dev/dl.`)
  return status === 0
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

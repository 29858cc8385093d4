import { execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { outcomeOf, type Ran } from './run-darkroom.ts'

const run = promisify(execFile)
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
}

/**
 * A checkout with the real scripts/install.js and packages of a few bytes each, packed beside it, so that npm installs
 * them in a second and asks no registry. `brought` is what its Node is; `engines` what Darkroom asks of one.
 */
export async function smallCheckout({
  brought = RUNS,
  sharp = '',
  engines = '>=24',
} = {}): Promise<SmallCheckout> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-checkout-'))
  const path = (name: string) => join(folder.path, name)
  const packages: Record<string, Package> = {
    sharp: { main: 'index.js', files: { 'index.js': sharp } },
    linter: { bin: 'linter', files: { linter: '#!/bin/sh\n' }, scripts: { install: 'touch ran-a-script' } },
    native: HERE,
    foreign: { os: ['aix'] },
    [BROUGHT]: { ...HERE, bin: { node: 'bin/node' }, files: { 'bin/node': brought } },
  }
  const env = { ...process.env, HOME: folder.path, npm_config_userconfig: path('.npmrc') }
  for (const [name, { files = {}, ...fields }] of Object.entries(packages)) {
    await write(path(`packages/${name}`), {
      ...files,
      'package.json': json({ name, version: '1.0.0', ...fields }),
    })
    await run('npm', ['pack', '--silent', `./packages/${name}`], { cwd: folder.path, env })
  }
  const archives = (...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, `file:${name}-1.0.0.tgz`]))
  await mkdir(path('scripts'))
  await copyFile(INSTALL, path('scripts/install.js'))
  await write(folder.path, {
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
  await run('npm', ['install', '--package-lock-only', '--offline'], { cwd: folder.path, env })

  return {
    path,
    async npm(more = {}) {
      const child = spawn('npm', ['run', '-s', 'what'], {
        cwd: folder.path,
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      return await outcomeOf(child)
    },
    [Symbol.asyncDispose]: async () => await folder.remove(),
  }
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

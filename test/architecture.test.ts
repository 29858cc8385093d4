import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** Which folder may import which, from the processes on top to the vocabulary at the bottom. Imports point down only. */
const LAYERS: readonly (readonly string[])[] = [
  ['src/cli.ts', 'src/commands', 'workers/main.ts', 'workers/contact-sheet.ts'],
  ['src/start.ts', 'src/doctor'],
  ['src/serve.ts', 'src/worker-processes.ts'],
  ['src/services.ts'],
  ['src/run-kinds.ts'],
  ['src/http', 'src/ingest', 'src/import', 'src/sweep', 'src/reprocess', 'workers'],
  ['src/places', 'src/webhooks'],
  ['src/runs'],
  [
    'src/storage',
    'src/queue',
    'src/catalog',
    'src/delivery',
    'src/filters',
    'src/presets',
    'src/embedded-postgres',
  ],
  ['src/cache'],
  ['src/supervisor', 'src/redis'],
  [
    'src/config',
    'src/log.ts',
    'src/kept-file.ts',
    'src/process',
    'src/slots.ts',
    'src/aws-errors.ts',
    'src/postgres',
  ],
  ['src/photo'],
  ['src/errors.ts'],
  // a package of its own: it knows of nothing here
  ['clients/typescript/src'],
]

/** Folders of one layer that know of each other; all others of a layer do not. */
const NEIGHBOURS = [
  // a route hands the body to the use case
  'src/http → src/ingest',
  // an operator enqueues again what failed
  'src/http → src/sweep',
  // operators begin and look at runs over the API
  'src/http → src/reprocess',
  'src/import → src/ingest',
  // what was adopted is told by its first bytes when it is first read, as an upload is
  'workers → src/ingest',
  'src/cli.ts → src/commands',
]

/** Each vendor has one home. */
const HOMES: Record<string, string> = {
  fastify: 'src/http',
  '@fastify/cors': 'src/http',
  '@fastify/multipart': 'src/http',
  '@fastify/rate-limit': 'src/http/limits',
  '@fastify/under-pressure': 'src/http/limits',
  '@fastify/static': 'src/http/console',
  '@fastify/swagger': 'src/http',
  '@fastify/swagger-ui': 'src/http',
  '@fastify/type-provider-typebox': 'src/http',
  jose: 'src/http',
  sharp: 'workers/renditions',
  'libheif-js': 'workers/renditions/heic',
  thumbhash: 'workers/renditions',
  bullmq: 'src/queue',
  ioredis: 'src/redis',
  postgrator: 'src/catalog',
  'file-type': 'src/ingest',
  '@aws-sdk/client-s3': 'src/storage',
  '@aws-sdk/s3-request-presigner': 'src/storage',
  'lru-cache': 'src',
  '@aws-sdk/client-cloudfront': 'src/delivery/cloudfront.ts',
  'cli-progress': 'src/commands',
  yauzl: 'src/import/trees/zip-tree.ts',
  'csv-parse': 'src/import/lists',
  hyparquet: 'src/import/lists',
  'hyparquet-compressors': 'src/import/lists',
  exifreader: 'src/import/exif-time.ts',
  'fast-xml-parser': 'src/import/exports/immich.ts',
  'ipaddr.js': 'src/webhooks/allowed-addresses.ts',
}

type Import = { from: string; to: string }

const files = globSync('{src,workers,clients/typescript/src}/**/*.ts', { cwd: ROOT })

async function importsOf(file: string): Promise<Import[]> {
  const text = await readFile(join(ROOT, file), 'utf8')
  const found = text.matchAll(/(?:^|\n)(?:import|export)\b[^;'"]*?from '([^']+)'|\bimport\('([^']+)'\)/g)
  return [...found].map((match) => {
    const specifier = (match[1] ?? match[2]) as string
    return {
      from: file,
      to: specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), specifier)) : specifier,
    }
  })
}

const imports = (await Promise.all(files.map(importsOf))).flat()
const own = imports.filter(({ to }) => to.endsWith('.ts'))

/** The longest entry of the layers that the file lies in. */
function placeOf(file: string): string {
  const places = LAYERS.flat().filter((place) => file === place || file.startsWith(`${place}/`))
  return places.toSorted((a, b) => b.length - a.length)[0] ?? `nowhere: ${file}`
}

const levelOf = (place: string) => LAYERS.findIndex((layer) => layer.includes(place))

/** The page runs in browsers: of the server it has the vocabulary alone, which is pure, and it speaks to it by the client. */
test('the console imports nothing of the server but src/photo, and nothing of Node', async () => {
  const page = globSync('console/src/**/*.{ts,tsx}', { cwd: ROOT })
  const found = (await Promise.all(page.map(importsOf))).flat()
  const allowed =
    /^(console\/src\/|src\/photo\/|darkroom-client$|preact(\/hooks)?$|@preact\/signals$|uplot)|\?(worker&)?url$/
  const shared = files.filter((file) => file.startsWith('src/photo/'))
  const takesNode = new Set(
    (await Promise.all(shared.map(importsOf)))
      .flat()
      .flatMap(({ from, to }) => (/^node:/.test(to) ? [from] : [])),
  )

  expect(found.filter(({ to }) => !allowed.test(to) || takesNode.has(to))).toEqual([])
  expect(page.length).toBeGreaterThan(10)
})

test('every file has a place in the layers', () => {
  expect(files.filter((file) => placeOf(file).startsWith('nowhere'))).toEqual([])
  expect(own.length).toBeGreaterThan(100)
})

test('imports point down only', () => {
  const wrong = own.filter(({ from, to }) => {
    const [above, below] = [placeOf(from), placeOf(to)]
    return above !== below && levelOf(above) >= levelOf(below) && !NEIGHBOURS.includes(`${above} → ${below}`)
  })

  expect(wrong).toEqual([])
})

test('src/ never imports workers/, so no process but a worker can decode a pixel', () => {
  expect(own.filter(({ from, to }) => from.startsWith('src/') && to.startsWith('workers/'))).toEqual([])
})

test('there are no cycles, of types neither', async () => {
  const everywhere = globSync(
    '{src,workers,clients/typescript/src,console,chaos,bench,demo,scripts,deploy,test}/**/*.{ts,tsx}',
    {
      cwd: ROOT,
      exclude: (name) => /node_modules|dist/.test(name),
    },
  )
  const all = (await Promise.all(everywhere.map(importsOf))).flat()
  const edges = Map.groupBy(all, ({ from }) => from)
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const { to } of edges.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of everywhere) visit(file, [])

  expect(cycles).toEqual([])
})

test('of two folders side by side one imports the other, or neither', () => {
  const folders = (path: string) => path.split('/').slice(0, -1)
  const edges = new Set(
    own.flatMap(({ from, to }) => {
      const [above, below] = [folders(from), folders(to)]
      const fork = above.findIndex((name, at) => name !== below[at])
      if (fork < 0 || below[fork] === undefined) return []
      return [`${above.slice(0, fork + 1).join('/')} → ${below.slice(0, fork + 1).join('/')}`]
    }),
  )
  const mutual = [...edges].filter((edge) => edges.has(edge.split(' → ').toReversed().join(' → ')))

  expect(mutual).toEqual([])
  expect(edges.size).toBeGreaterThan(100)
})

test('each vendor has one home', () => {
  const wrong = imports.filter(({ from, to }) => HOMES[to] !== undefined && !from.startsWith(HOMES[to]))

  expect(wrong).toEqual([])
})

test('only services.ts and the processes choose an engine', () => {
  const implementations = [
    'src/storage/disk-store.ts',
    'src/storage/s3-store.ts',
    'src/queue/postgres-queue.ts',
    'src/queue/redis-queue.ts',
    'src/delivery/signed-cdn.ts',
    'src/delivery/cloudfront-cdn.ts',
  ]
  // CloudFront signs as the local edge does, and invalidates besides.
  const choosers = ['src/services.ts', 'src/delivery/cloudfront-cdn.ts']
  const wrong = own.filter(({ from, to }) => implementations.includes(to) && !choosers.includes(from))

  expect(wrong).toEqual([])
})

test('the environment is read by processes alone', async () => {
  const readers: string[] = []
  for (const file of files) {
    if (/process\.env/.test(await readFile(join(ROOT, file), 'utf8'))) readers.push(file)
  }

  expect(
    readers.filter(
      (file) => !file.startsWith('src/commands/') && !/^workers\/(main|contact-sheet)\.ts$/.test(file),
    ),
  ).toEqual([])
})

test('every statement about photos makes its database confirm that it has them', async () => {
  const statement =
    /(?:query|[eE]verywhere|ofEach|ofEachShard)(?:<[^(]*>)?\((?:\s*\w+,)?\s*(`[^`]*`|'[^']*')/g
  const guard =
    /HERE|photos?_are_here|photo_is_here|shards?_are_here|shard_is_here|only_shards_here|IS_WANTED/
  // A row that is inserted is confirmed by a trigger, an id by the function that makes it.
  const confirmed = /^.\s*insert into photos|next_photo_id/
  const catalog = await readFile(join(ROOT, 'src/catalog/catalog.ts'), 'utf8')
  const rooms = [...catalog.matchAll(/from '\.\/([\w/-]+)\.ts'/g)].map((match) => match[1] as string)
  // What these tell is of databases, not of shards.
  const ofPhotos = rooms.filter(
    (room) => !['health', 'tables/installation', 'shards/shard-map'].includes(room),
  )
  const statements: string[] = []
  for (const file of ofPhotos) {
    const text = await readFile(join(ROOT, `src/catalog/${file}.ts`), 'utf8')
    statements.push(...[...text.matchAll(statement)].map((match) => match[1] as string))
  }

  expect(statements.filter((text) => !guard.test(text) && !confirmed.test(text))).toEqual([])
  expect(statements.length).toBeGreaterThan(20)
})

test('no file is a drawer', () => {
  expect(files.filter((file) => /(utils?|helpers?|common|misc|index)\.ts$/.test(file))).toEqual([])
})

test('the files that CONTRIBUTING.md names are there', async () => {
  const text = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
  const named = [...text.matchAll(/`((?:src|workers|scripts|test)\/[\w/.-]+)`/g)].map(
    ([, path]) => path as string,
  )

  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  expect(named.length).toBeGreaterThan(40)
})

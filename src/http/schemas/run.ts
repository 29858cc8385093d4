import { type Static, Type } from 'typebox'
import { SELECTED_STATES } from '../../catalog/runs/selected-photos.ts'
import { WRITTEN_PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { RENDITION_FORMAT_NAMES } from '../../photo/rendition-formats.ts'
import type { presetName } from '../../presets/preset-schema.ts'
import { MAX_SAMPLE } from '../../reprocess/sampling.ts'
import { ownerSchema } from './photo.ts'
import { nullable, oneOf } from './types.ts'

export const RUN_PATTERN = '^[1-9][0-9]{0,8}$'
export const runParams = Type.Object({
  run: Type.String({ pattern: RUN_PATTERN, description: 'The number of a run.' }),
})

type PresetSchema = typeof presetName

const MAX_IDS = 10_000
const MAX_OWNERS = 100
const YEAR_S = 366 * 86_400

const time = (description?: string) =>
  Type.String({ format: 'date-time', ...(description !== undefined && { description }) })
const count = Type.Integer({ minimum: 0 })

const rate = Type.Number({ minimum: 0.01, maximum: 100_000, description: 'Photos a second, at most.' })
const share = Type.Number({ minimum: 0.1, maximum: 100, description: 'Percent of the time, at most.' })
const limits = { rate: nullable(rate), share: nullable(share) }

export const run = Type.Object(
  {
    id: Type.Integer(),
    kind: Type.String({
      description:
        '`reprocess`, `sample` (a dry run), `rollback`, `finish`, `verify`, `import`, or a kind that recurs.',
    }),
    recurs: Type.Boolean({ description: 'It begins anew by itself, for ever; the counts are of all times.' }),
    state: oneOf(['running', 'pausing', 'paused', 'waiting', 'complete', 'stopped', 'cancelled']),
    reason: nullable(Type.String({ description: 'Why it was paused or stopped, or what it waits for.' })),
    version: Type.Integer({
      description: 'Send it when you steer the run: what was changed since is not overrun.',
    }),
    changedAt: nullable(time('When it was last steered, held or stopped.')),
    steeredBy: nullable(Type.String({ description: 'Who did that; null for a server, and for a command.' })),
    createdAt: time(),
    movedAt: nullable(time('Of its last step.')),
    endedAt: nullable(time()),
    ranSeconds: Type.Number({ description: 'For how long it has run, without its pauses.' }),
    isCounted: Type.Boolean({ description: 'Whether `selected` is final.' }),
    selected: Type.Integer({ description: '`done + skipped + failed + left`, always.' }),
    done: count,
    skipped: count,
    failed: count,
    left: count,
    inFlight: count,
    tally: Type.Object({}, { additionalProperties: Type.Number() }),
    parts: count,
    partsEnded: count,
    partsHeld: count,
    servers: Type.Array(Type.String(), { description: 'Those that work it now.' }),
    of: nullable(Type.Integer({ description: 'The run that it follows, as a rollback or a retry does.' })),
    select: nullable(
      Type.Object({
        state: oneOf(SELECTED_STATES),
        order: oneOf(['newest', 'oldest']),
        limit: nullable(Type.Integer()),
        owners: nullable(Type.Array(Type.String())),
        ids: nullable(Type.Integer({ description: 'How many a list names.' })),
        from: nullable(time()),
        to: nullable(time()),
      }),
    ),
    work: nullable(
      Type.Object({
        presets: nullable(Type.Array(Type.String())),
        formats: nullable(Type.Array(Type.String())),
        maxDifference: Type.Number(),
        keepSeconds: Type.Number(),
      }),
    ),
    pace: nullable(Type.Object(limits)),
    maxFailures: nullable(Type.Number()),
    canary: nullable(
      Type.Integer({ description: 'So many photos are made before it is paused, to be looked at.' }),
    ),
  },
  { title: 'Run' },
)
export type RunReply = Static<typeof run>

export const runs = Type.Object(
  {
    runs: Type.Array(run),
    next: nullable(
      Type.String({ pattern: RUN_PATTERN, description: 'Send it as `before` to get older runs.' }),
    ),
  },
  { title: 'Runs' },
)

const interval = Type.Object(
  { expected: Type.Number(), low: Type.Number(), high: Type.Number() },
  { title: 'Interval', description: '9 times of 10 it is from `low` to `high`.' },
)

const estimate = Type.Object(
  {
    photos: Type.Integer(),
    made: Type.Integer({ description: 'It is told by so many that were made.' }),
    workers: Type.Number({ description: 'So many were busy at a time.' }),
    seconds: interval,
    cpuMs: interval,
    puts: interval,
    bytesBefore: interval,
    bytesAfter: interval,
    bytesAside: interval,
    money: Type.Object({
      currency: Type.String(),
      pricesOf: Type.String({ description: 'Whose prices they are, and of which day.' }),
      once: interval,
      monthly: interval,
    }),
  },
  { title: 'Estimate' },
)
export type EstimateReply = Static<typeof estimate>

const sample = Type.Object(
  {
    photos: Type.Integer(),
    owners: Type.Object({ count: Type.Integer(), isExact: Type.Boolean() }),
    kinds: Type.Array(Type.Object({ name: Type.String(), photos: Type.Integer(), made: Type.Integer() })),
  },
  {
    title: 'Sample',
    description: 'Of what kinds the photos are, and how many of each are made to know what all take.',
  },
)

const spent = Type.Object(
  {
    made: Type.Integer(),
    cpuMs: Type.Number(),
    puts: Type.Integer(),
    bytesBefore: Type.Number(),
    bytesAfter: Type.Number(),
    money: Type.Number(),
    currency: Type.String(),
  },
  { title: 'Spent' },
)

export const runDetail = Type.Object(
  {
    ...run.properties,
    failures: Type.Array(Type.Object({ code: Type.String(), count: Type.Integer() }), {
      description: 'The codes that most photos failed with.',
    }),
    sample: nullable(sample),
    estimate: nullable(estimate),
    spent: nullable(spent),
  },
  { title: 'Run detail' },
)
export type RunDetailReply = Static<typeof runDetail>

export const runCount = Type.Object(
  {
    photos: count,
    isAll: Type.Boolean({
      description: 'Whether these are all: else there are more, which were not counted.',
    }),
  },
  { title: 'Run count' },
)

/** Which photos, and what is made of them, of presets with such a name. */
export function reprocessWish(preset: PresetSchema) {
  const select = Type.Object(
    {
      state: oneOf(SELECTED_STATES),
      owners: Type.Optional(Type.Array(ownerSchema, { minItems: 1, maxItems: MAX_OWNERS })),
      ids: Type.Optional(
        Type.Array(Type.String({ pattern: WRITTEN_PHOTO_ID_PATTERN }), { minItems: 1, maxItems: MAX_IDS }),
      ),
      from: Type.Optional(time('Taken in from then on.')),
      to: Type.Optional(time('Taken in before then.')),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
      order: Type.Optional(oneOf(['newest', 'oldest'])),
    },
    {
      additionalProperties: false,
      description: `which photos: "state" (${SELECTED_STATES.join(', ')}), and perhaps up to ${MAX_OWNERS} "owners" or up to ${MAX_IDS} "ids", "from" and "to" as times of ISO 8601, "limit", and "order" (newest, oldest)`,
    },
  )
  const work = Type.Object(
    {
      presets: Type.Optional(Type.Array(preset, { minItems: 1, uniqueItems: true })),
      formats: Type.Optional(Type.Array(oneOf(RENDITION_FORMAT_NAMES), { minItems: 1, uniqueItems: true })),
      maxDifference: Type.Optional(Type.Number({ minimum: 0, maximum: 100, default: 6 })),
      keepSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: YEAR_S, default: 604_800 })),
    },
    {
      additionalProperties: false,
      description: `what is made: "presets" of those there are; "formats" of ${RENDITION_FORMAT_NAMES.join(', ')}; "maxDifference", a ΔE2000 from 0 to 100; "keepSeconds", up to a year`,
    },
  )
  return Type.Object(
    { kind: Type.Literal('reprocess', { description: 'reprocess' }), select, work: Type.Optional(work) },
    { title: 'Reprocess wish', additionalProperties: false },
  )
}

export const paceWish = Type.Object(
  {
    rate: Type.Optional(nullable(rate)),
    share: Type.Optional(nullable(share)),
  },
  {
    additionalProperties: false,
    description:
      'how fast: "rate", photos a second, from 0.01 on, and "share", percent of the time, from 0.1 on; null for what is left over',
  },
)

/** What begins a run. */
export function runWish(preset: PresetSchema) {
  return Type.Object(
    {
      ...reprocessWish(preset).properties,
      pace: Type.Optional(paceWish),
      maxFailures: Type.Optional(
        Type.Number({
          minimum: 0.1,
          maximum: 100,
          description: 'percent of photos that may fail before it stops, from 0.1 to 100',
        }),
      ),
      canary: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MAX_SAMPLE,
          description: `so many photos that are made first, from 1 to ${MAX_SAMPLE}`,
        }),
      ),
      dryRun: Type.Optional(
        Type.Object(
          { sample: Type.Integer({ minimum: 2, maximum: MAX_SAMPLE }) },
          {
            additionalProperties: false,
            description: `{ "sample" }: so many are made where nobody looks, from 2 to ${MAX_SAMPLE}, to know what all would take`,
          },
        ),
      ),
    },
    { title: 'Run wish', additionalProperties: false },
  )
}
export type RunWish = Static<ReturnType<typeof runWish>>

export const version = Type.Integer({
  minimum: 1,
  maximum: 2_147_483_647,
  description: 'the version of the run that you have seen',
})

import { join } from 'node:path'
import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { readyReply } from '../../src/http/routes/health.ts'
import { meReply } from '../../src/http/routes/me.ts'
import { streamedEvent } from '../../src/http/schemas/event.ts'
import { filtersReply } from '../../src/http/schemas/filter.ts'
import { historyReply } from '../../src/http/schemas/history.ts'
import { failedJobsReply, jobsReply, retriedReply, statsReply } from '../../src/http/schemas/operator.ts'
import { photoPageReply, photoReply, photosReply } from '../../src/http/schemas/photo.ts'
import { photoChange } from '../../src/http/schemas/photo-fields.ts'
import { reprocessWish, run, runCount, runDetail, runs, runWish } from '../../src/http/schemas/run.ts'
import { runFailures, runPairs } from '../../src/http/schemas/run-photos.ts'
import { presetName, presetSchema } from '../../src/presets/preset-schema.ts'

export const CLIENT_TYPES_FILE = join(import.meta.dirname, '../../clients/typescript/src/types.ts')

const HEAD = '// Written by `npm run client-types` from src/http/schemas: what the API takes and gives.\n'

/** What an app sees of the API, by the name of its type. */
const SCHEMAS = {
  Photo: photoReply,
  Photos: photosReply,
  PhotoPage: { ...photoPageReply, title: 'Photo page' },
  PhotoChange: { ...photoChange, title: 'Photo change' },
  StreamedEvent: streamedEvent,
  Filters: filtersReply,
  Me: meReply,
  PhotoHistory: historyReply,
  Jobs: jobsReply,
  FailedJobs: failedJobsReply,
  RetriedJobs: retriedReply,
  Stats: statsReply,
  Run: run,
  RunDetail: runDetail,
  Runs: runs,
  RunCount: runCount,
  RunWish: runWish(presetName),
  ReprocessWish: reprocessWish(presetName),
  RunFailures: runFailures,
  RunPairs: runPairs,
  Readiness: readyReply,
  Preset: { ...presetSchema, title: 'Preset' },
}

/** The file's text. */
export async function clientTypes(): Promise<string> {
  const definitions: Record<string, unknown> = {}
  /** Every schema that has a title becomes a type of its own, once. */
  const named = (_key: string, value: unknown) => {
    const { title } = (value ?? {}) as { title?: unknown }
    if (typeof title !== 'string') return value
    const name = title.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase())
    definitions[name] = value
    return { $ref: `#/definitions/${name}` }
  }
  const properties = JSON.parse(JSON.stringify(SCHEMAS), named)
  const root = { title: 'Root', type: 'object', properties, definitions } as JSONSchema
  const text = await compile(root, 'Root', {
    additionalProperties: false,
    // Else a list of one at least would be a tuple.
    ignoreMinAndMaxItems: true,
    bannerComment: HEAD,
    style: { semi: false, singleQuote: true, printWidth: 110 },
  })
  return text.replace(/export interface Root \{[^}]*\}\n/, '')
}

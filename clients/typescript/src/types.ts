// Written by `npm run client-types` from src/http/schemas: what the API takes and gives.

export type StreamedEvent = PhotoEvent | FeedEvent | ResetEvent

export interface Photo {
  /**
   * 64 bits in decimal digits; sorts by time when compared as a number.
   */
  id: string
  /**
   * The same id in 11 characters, for links people see.
   */
  shortcode: string
  owner: string
  status: 'processing' | 'ready' | 'failed'
  visibility: 'public' | 'private'
  /**
   * When it was posted: what feeds sort by.
   */
  createdAt: string
  /**
   * When it was taken in: later than `createdAt` where it was imported.
   */
  addedAt: string
  alt: string | null
  original: {
    format: ('jpeg' | 'png' | 'webp' | 'heic' | 'avif' | 'gif' | 'tiff') | null
    width: number | null
    height: number | null
    bytes: number | null
    sha256: string | null
  }
  color: string | null
  thumbhash: string | null
  focus: {
    x: number
    y: number
  } | null
  filter: string | null
  strength: number | null
  wanted: {
    filter: string | null
    strength: number | null
    focus: {
      x: number
      y: number
    } | null
  } | null
  renditions: {
    /**
     * One of `GET /v1/presets`, or one there was when the photo was made.
     */
    preset: string
    format: 'webp' | 'jpeg' | 'avif'
    width: number | null
    height: number | null
    bytes: number | null
    /**
     * Signed; works until `expiresAt`.
     */
    url?: string
    /**
     * With `urls=parts`, instead of `url`.
     */
    path?: string
  }[]
  delivery?: Delivery
  expiresAt: string | null
  timing: {
    /**
     * From intake, or from its owner's change, until a worker began.
     */
    waitedMs: number
    /**
     * From then on until it was shown.
     */
    developedMs: number
  } | null
  failure: {
    code: string
    message: string
  } | null
}
/**
 * With `urls=parts`: the URL of a rendition is `origin`, `/`, its `path`, `?` and `query`. On a page, of the photos that have no `delivery` of their own, as private ones do.
 */
export interface Delivery {
  origin: string
  query: string
  expiresAt: string
}
export interface Photos {
  photos: Photo[]
  delivery?: Delivery
}
export interface PhotoPage {
  photos: Photo[]
  delivery?: Delivery
  next: string | null
  previous: string | null
}
export interface PhotoChange {
  visibility?: 'public' | 'private'
  /**
   * null, or { "x", "y" }: two numbers from 0 to 1, from the top left, which crops keep in sight
   */
  focus?: {
    x: number
    y: number
  } | null
  /**
   * null, or a text of 2000 characters at most, in which no character is NUL
   */
  alt?: string | null
}
export interface PhotoEvent {
  /**
   * The same whenever the event is told again. Those of one owner go up as things happen.
   */
  id: string
  photo: string
  owner: string
  /**
   * When it happened.
   */
  timestamp: string
  type: 'photo.ready' | 'photo.failed' | 'photo.look' | 'photo.visibility' | 'photo.deleted'
  /**
   * That of the photo from then on; of a deleted one until then.
   */
  visibility: 'public' | 'private'
  failure: string | null
  timing: {
    /**
     * From intake, or from its owner's change, until a worker began.
     */
    waitedMs: number
    /**
     * From then on until it was shown.
     */
    developedMs: number
  } | null
}
export interface FeedEvent {
  /**
   * The same whenever the event is told again. Those of one owner go up as things happen.
   */
  id: string
  photo: string
  owner: string
  /**
   * When it happened.
   */
  timestamp: string
  type: 'feed.new'
}
export interface ResetEvent {
  type: 'reset'
}
export interface Filters {
  filters: Filter[]
}
export interface Filter {
  name: string
  title: string
  description: string
  /**
   * By an operator, who may change it: its paths change with its table.
   */
  isKept: boolean
  /**
   * Path of its colour table as a `.cube` file: of its colours alone.
   */
  cube: string
  /**
   * Path of its colour table as a HALD picture: of its colours alone.
   */
  hald: string
  /**
   * How much darker than the middle the corners are, after the colours: 0 is not at all, 1 black. `strength` takes that share of it.
   */
  vignette: number
  /**
   * How much lighter or darker grain makes a middle grey at most, after the vignette: 0 is not at all, 1 white or black. `strength` takes that share of it.
   */
  grain: number
}
export interface Me {
  owner: string
  role: 'operator' | null
  today: {
    photos: {
      used: number | null
      limit: number | null
      left: number | null
    }
    bytes: {
      used: number | null
      limit: number | null
      left: number | null
    }
    /**
     * Midnight in UTC, when a day begins anew.
     */
    resetsAt: string
  }
}
/**
 * `jobs` and `objects` are told to operators; they are null for others.
 */
export interface PhotoHistory {
  photo: Photo
  /**
   * What happened to it, the oldest first: of a day at least. Its `addedAt` is before them.
   */
  events: Happening[]
  jobs: PhotoJob[] | null
  objects: PhotoObject[] | null
}
export interface Happening {
  type: 'photo.ready' | 'photo.failed' | 'photo.look' | 'photo.visibility' | 'photo.deleted'
  at: string
  /**
   * That of the photo from then on.
   */
  visibility: 'public' | 'private'
  timing: {
    /**
     * From intake, or from its owner's change, until a worker began.
     */
    waitedMs: number
    /**
     * From then on until it was shown.
     */
    developedMs: number
  } | null
  failure: string | null
}
export interface PhotoJob {
  kind: string
  edition: number | null
  /**
   * Pending: it waits, runs, or waits for its next attempt.
   */
  state: 'pending' | 'failed'
  code: string | null
  message: string | null
}
export interface PhotoObject {
  /**
   * In the store; where an original lies that is not ours.
   */
  key: string
  contentType: string | null
  bytes: number | null
  isThere: boolean | null
}
export interface Jobs {
  lanes: {
    live: Lane
    batch: Lane
  }
  kinds:
    | {
        lane: 'live' | 'batch'
        kind: string
        waiting: number
        active: number
        /**
         * They wait for their next attempt, or for an engine that is unavailable.
         */
        delayed: number
        /**
         * For good; kept for 30 days.
         */
        failed: number
      }[]
    | null
  /**
   * When it was counted.
   */
  asOf: string
}
export interface Lane {
  waiting: number
  active: number
  /**
   * They wait for their next attempt, or for an engine that is unavailable.
   */
  delayed: number
  /**
   * For good; kept for 30 days.
   */
  failed: number
  oldestWaitingAt: string | null
}
export interface FailedJobs {
  /**
   * Of all codes, the most frequent first.
   */
  codes: {
    code: string
    count: number
  }[]
  jobs: FailedJob[]
  next: string | null
  /**
   * When it was counted.
   */
  asOf: string
}
export interface FailedJob {
  lane: 'live' | 'batch'
  kind: string
  photo: string
  code: string
  /**
   * For an operator.
   */
  message: string
  attempts: number
  failedAt: string
}
export interface RetriedJobs {
  retried: number
  /**
   * Ask again: there are more of them.
   */
  hasMore: boolean
}
export interface Stats {
  storage: {
    photos: number
    objects: number
    /**
     * Of originals that are ours, and of renditions.
     */
    bytes: number
    originalBytes: number
    renditionBytes: number
    /**
     * When it was counted.
     */
    asOf: string
  } | null
  /**
   * The minutes of the last hour in which photos became ready.
   */
  ready: {
    /**
     * The beginning of a minute.
     */
    at: string
    photos: number
    /**
     * Half of them took no longer, from intake until they were ready.
     */
    p50Ms: number
    p95Ms: number
  }[]
  /**
   * When it was counted.
   */
  asOf: string
}
export interface Run {
  id: number
  /**
   * `reprocess`, `sample` (a dry run), `rollback`, `finish`, `verify`, `import`, or a kind that recurs.
   */
  kind: string
  /**
   * It begins anew by itself, for ever; the counts are of all times.
   */
  recurs: boolean
  state: 'running' | 'pausing' | 'paused' | 'waiting' | 'complete' | 'stopped' | 'cancelled'
  reason: string | null
  /**
   * Send it when you steer the run: what was changed since is not overrun.
   */
  version: number
  changedAt: string | null
  steeredBy: string | null
  createdAt: string
  movedAt: string | null
  endedAt: string | null
  /**
   * For how long it has run, without its pauses.
   */
  ranSeconds: number
  /**
   * Whether `selected` is final.
   */
  isCounted: boolean
  /**
   * `done + skipped + failed + left`, always.
   */
  selected: number
  done: number
  skipped: number
  failed: number
  left: number
  inFlight: number
  tally: {
    [k: string]: number
  }
  parts: number
  partsEnded: number
  partsHeld: number
  /**
   * Those that work it now.
   */
  servers: string[]
  of: number | null
  select: {
    state: 'stale' | 'missing' | 'failed' | 'all'
    order: 'newest' | 'oldest'
    limit: number | null
    owners: string[] | null
    ids: number | null
    from: string | null
    to: string | null
  } | null
  work: {
    presets: string[] | null
    formats: string[] | null
    maxDifference: number
    keepSeconds: number
  } | null
  pace: {
    rate: number | null
    share: number | null
  } | null
  maxFailures: number | null
  canary: number | null
}
export interface RunDetail {
  id: number
  /**
   * `reprocess`, `sample` (a dry run), `rollback`, `finish`, `verify`, `import`, or a kind that recurs.
   */
  kind: string
  /**
   * It begins anew by itself, for ever; the counts are of all times.
   */
  recurs: boolean
  state: 'running' | 'pausing' | 'paused' | 'waiting' | 'complete' | 'stopped' | 'cancelled'
  reason: string | null
  /**
   * Send it when you steer the run: what was changed since is not overrun.
   */
  version: number
  changedAt: string | null
  steeredBy: string | null
  createdAt: string
  movedAt: string | null
  endedAt: string | null
  /**
   * For how long it has run, without its pauses.
   */
  ranSeconds: number
  /**
   * Whether `selected` is final.
   */
  isCounted: boolean
  /**
   * `done + skipped + failed + left`, always.
   */
  selected: number
  done: number
  skipped: number
  failed: number
  left: number
  inFlight: number
  tally: {
    [k: string]: number
  }
  parts: number
  partsEnded: number
  partsHeld: number
  /**
   * Those that work it now.
   */
  servers: string[]
  of: number | null
  select: {
    state: 'stale' | 'missing' | 'failed' | 'all'
    order: 'newest' | 'oldest'
    limit: number | null
    owners: string[] | null
    ids: number | null
    from: string | null
    to: string | null
  } | null
  work: {
    presets: string[] | null
    formats: string[] | null
    maxDifference: number
    keepSeconds: number
  } | null
  pace: {
    rate: number | null
    share: number | null
  } | null
  maxFailures: number | null
  canary: number | null
  /**
   * The codes that most photos failed with.
   */
  failures: {
    code: string
    count: number
  }[]
  sample: Sample | null
  estimate: Estimate | null
  spent: Spent | null
}
/**
 * Of what kinds the photos are, and how many of each are made to know what all take.
 */
export interface Sample {
  photos: number
  owners: {
    count: number
    isExact: boolean
  }
  kinds: {
    name: string
    photos: number
    made: number
  }[]
}
export interface Estimate {
  photos: number
  /**
   * It is told by so many that were made.
   */
  made: number
  /**
   * So many were busy at a time.
   */
  workers: number
  seconds: Interval
  cpuMs: Interval
  puts: Interval
  bytesBefore: Interval
  bytesAfter: Interval
  bytesAside: Interval
  money: {
    currency: string
    /**
     * Whose prices they are, and of which day.
     */
    pricesOf: string
    once: Interval
    monthly: Interval
  }
}
/**
 * 9 times of 10 it is from `low` to `high`.
 */
export interface Interval {
  expected: number
  low: number
  high: number
}
export interface Spent {
  made: number
  cpuMs: number
  puts: number
  bytesBefore: number
  bytesAfter: number
  money: number
  currency: string
}
export interface Runs {
  runs: Run[]
  next: string | null
}
export interface RunCount {
  photos: number
  /**
   * Whether these are all: else there are more, which were not counted.
   */
  isAll: boolean
}
export interface RunWish {
  /**
   * reprocess
   */
  kind: 'reprocess'
  /**
   * which photos: "state" (stale, missing, failed, all), and perhaps up to 100 "owners" or up to 10000 "ids", "from" and "to" as times of ISO 8601, "limit", and "order" (newest, oldest)
   */
  select: {
    state: 'stale' | 'missing' | 'failed' | 'all'
    /**
     * @minItems 1
     * @maxItems 100
     */
    owners?: string[]
    /**
     * @minItems 1
     * @maxItems 10000
     */
    ids?: string[]
    /**
     * Taken in from then on.
     */
    from?: string
    /**
     * Taken in before then.
     */
    to?: string
    limit?: number
    order?: 'newest' | 'oldest'
  }
  /**
   * what is made: "presets" of those there are; "formats" of webp, jpeg, avif; "maxDifference", a ΔE2000 from 0 to 100; "keepSeconds", up to a year
   */
  work?: {
    /**
     * @minItems 1
     *
     * Items: up to 32 lower-case letters, digits and single hyphens, a letter first
     */
    presets?: string[]
    /**
     * @minItems 1
     */
    formats?: ('webp' | 'jpeg' | 'avif')[]
    maxDifference?: number
    keepSeconds?: number
  }
  /**
   * how fast: "rate", photos a second, from 0.01 on, and "share", percent of the time, from 0.1 on; null for what is left over
   */
  pace?: {
    rate?: number | null
    share?: number | null
  }
  /**
   * percent of photos that may fail before it stops, from 0.1 to 100
   */
  maxFailures?: number
  /**
   * so many photos that are made first, from 1 to 2000
   */
  canary?: number
  /**
   * { "sample" }: so many are made where nobody looks, from 2 to 2000, to know what all would take
   */
  dryRun?: {
    sample: number
  }
}
export interface ReprocessWish {
  /**
   * reprocess
   */
  kind: 'reprocess'
  /**
   * which photos: "state" (stale, missing, failed, all), and perhaps up to 100 "owners" or up to 10000 "ids", "from" and "to" as times of ISO 8601, "limit", and "order" (newest, oldest)
   */
  select: {
    state: 'stale' | 'missing' | 'failed' | 'all'
    /**
     * @minItems 1
     * @maxItems 100
     */
    owners?: string[]
    /**
     * @minItems 1
     * @maxItems 10000
     */
    ids?: string[]
    /**
     * Taken in from then on.
     */
    from?: string
    /**
     * Taken in before then.
     */
    to?: string
    limit?: number
    order?: 'newest' | 'oldest'
  }
  /**
   * what is made: "presets" of those there are; "formats" of webp, jpeg, avif; "maxDifference", a ΔE2000 from 0 to 100; "keepSeconds", up to a year
   */
  work?: {
    /**
     * @minItems 1
     *
     * Items: up to 32 lower-case letters, digits and single hyphens, a letter first
     */
    presets?: string[]
    /**
     * @minItems 1
     */
    formats?: ('webp' | 'jpeg' | 'avif')[]
    maxDifference?: number
    keepSeconds?: number
  }
}
export interface RunFailures {
  failures: {
    /**
     * Of the photo; of an import the number of the line.
     */
    id: string
    photo: Photo | null
    code: string
    message: string
    attempts: number
    failedAt: string
  }[]
  next: string | null
}
export interface RunPairs {
  pairs: {
    id: string
    owner: string
    /**
     * The mean ΔE2000 of both from afar, or that of the rendition that is furthest away.
     */
    difference: number
    before: {
      preset: string
      format: 'webp' | 'jpeg' | 'avif'
      /**
       * Signed for some minutes.
       */
      url: string
      width: number
      height: number
      bytes: number
    }
    after: {
      preset: string
      format: 'webp' | 'jpeg' | 'avif'
      /**
       * Signed for some minutes.
       */
      url: string
      width: number
      height: number
      bytes: number
    }
  }[]
  next: string | null
}
export interface Readiness {
  status: 'ready' | 'unavailable'
  engines: {
    /**
     * Partial: of several databases some do not answer.
     */
    database: 'ready' | 'partial' | 'unavailable'
    queue: 'ready' | 'unavailable'
    storage: 'ready' | 'unavailable'
    /**
     * Whether those that are configured are read from. Their databases answer for those that are not, so it is ready without them.
     */
    replicas?: 'ready' | 'partial' | 'unavailable'
  }
  /**
   * Whether the app is told of what happens to photos, where a webhook is configured: `failing` while it takes nothing, `off` until an operator says so. The server takes work all the same.
   */
  webhook?: 'new' | 'on' | 'failing' | 'off'
}
export interface Preset {
  /**
   * up to 32 lower-case letters, digits and single hyphens, a letter first
   */
  name: string
  /**
   * "cover" (fills the box, cropped) or "inside" (the whole photo)
   */
  fit: 'cover' | 'inside'
  /**
   * a whole number of pixels from 1 to 16384
   */
  width?: number
  /**
   * a whole number of pixels from 1 to 16384
   */
  height?: number
  /**
   * a whole number of pixels from 1 to 50000000
   */
  area?: number
  /**
   * a whole number of pixels from 1 to 16384
   */
  minWidth?: number
  /**
   * a list of webp, jpeg, avif, each once, made before a photo is ready
   *
   * @minItems 1
   */
  upload: ('webp' | 'jpeg' | 'avif')[]
  /**
   * a list of webp, jpeg, avif, each once, made once a photo is ready
   *
   * @minItems 0
   */
  after?: ('webp' | 'jpeg' | 'avif')[]
  /**
   * true or false: whether an animation moves in it
   */
  animated?: boolean
  /**
   * true or false: whether the JPEG of a photo with a gain map keeps it
   */
  hdr?: boolean
}

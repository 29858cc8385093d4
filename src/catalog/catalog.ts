import type { SharedCache } from '../cache/shared-cache.ts'
import type { Changes } from './changes/changes.ts'
import { ConsoleCodes } from './console-codes.ts'
import { PhotoEvents } from './events/photo-events.ts'
import { WebhookEvents } from './events/webhook-events.ts'
import { Feeds } from './feeds/feeds.ts'
import { Follows } from './feeds/follows.ts'
import { Health } from './health.ts'
import { KeptFilters } from './kept-filters.ts'
import { Adoptions } from './photos/adoptions.ts'
import { DailyUses } from './photos/daily-uses.ts'
import { IdempotencyKeys } from './photos/idempotency-keys.ts'
import { Imports } from './photos/imports.ts'
import { KeptObjects } from './photos/kept-objects.ts'
import { Looks } from './photos/looks.ts'
import { Photos } from './photos/photos.ts'
import { Places } from './photos/places.ts'
import { Removals } from './photos/removals.ts'
import { Renditions } from './photos/renditions.ts'
import { ReservedIds } from './photos/reserved-ids.ts'
import { Uploads } from './photos/uploads.ts'
import { Replicas } from './replicas.ts'
import { Aside } from './runs/aside.ts'
import { RecurringRuns } from './runs/recurring-runs.ts'
import { Remakes } from './runs/remakes.ts'
import { RunCosts } from './runs/run-costs.ts'
import { RunFailures } from './runs/run-failures.ts'
import { RunParts } from './runs/run-parts.ts'
import { Runs } from './runs/runs.ts'
import { SelectedPhotos } from './runs/selected-photos.ts'
import type { ShardMap } from './shards/shard-map.ts'
import { StorageUse } from './storage-use.ts'
import { Installation } from './tables/installation.ts'

const WEEK_S = 7 * 86_400

export type CatalogOptions = { keepSeconds?: number; changes?: Changes | null; cache?: SharedCache | null }

/**
 * What is known of photos, in rooms: every SQL statement about them stands in one, with what it promises. Ids are text
 * on both sides of a statement. It goes to the database that has the shard of its photo or owner, and is guarded by
 * `photo_is_here` or its like, so that no answer comes from a database that the shard has left.
 *
 * @NOTE `select id::text … order by id` sorts by the text, as a name in `order by` is that of an output column first:
 * no index gives that order, and from 2027-10-11 on, when ids get a 19th digit, it is not that of the numbers. So the
 * column is named with its table.
 */
export class Catalog {
  readonly photos: Photos
  readonly reservedIds: ReservedIds
  readonly idempotencyKeys: IdempotencyKeys
  readonly dailyUses: DailyUses
  readonly uploads: Uploads
  readonly places: Places
  readonly looks: Looks
  readonly renditions: Renditions
  readonly selected: SelectedPhotos
  readonly remakes: Remakes
  readonly aside: Aside
  readonly removals: Removals
  readonly objects: KeptObjects
  readonly feeds: Feeds
  readonly follows: Follows
  readonly photoEvents: PhotoEvents
  readonly webhookEvents: WebhookEvents
  readonly imports: Imports
  readonly adoptions: Adoptions
  readonly installation: Installation
  readonly keptFilters: KeptFilters
  readonly storageUse: StorageUse
  readonly runs: Runs
  readonly recurringRuns: RecurringRuns
  readonly runParts: RunParts
  readonly runCosts: RunCosts
  readonly runFailures: RunFailures
  readonly consoleCodes: ConsoleCodes
  readonly health: Health
  readonly replicas: Replicas
  readonly #shards: ShardMap
  readonly #options: CatalogOptions

  /**
   * What is not shown any more is kept for `keepSeconds`, as delivery URLs of it are valid for a while. Feeds remember what they
   * may by `changes`, and share it in `cache`.
   */
  constructor(shards: ShardMap, { keepSeconds = WEEK_S, changes = null, cache = null }: CatalogOptions = {}) {
    this.#shards = shards
    this.#options = { keepSeconds, changes, cache }
    this.dailyUses = new DailyUses(shards)
    this.photos = new Photos(shards, this.dailyUses)
    this.reservedIds = new ReservedIds(shards, this.dailyUses)
    this.idempotencyKeys = new IdempotencyKeys(shards)
    this.uploads = new Uploads(shards)
    this.places = new Places(shards)
    this.looks = new Looks(shards, keepSeconds)
    this.renditions = new Renditions(shards, keepSeconds)
    this.selected = new SelectedPhotos(shards)
    this.remakes = new Remakes(shards, keepSeconds)
    this.aside = new Aside(shards, keepSeconds)
    this.removals = new Removals(shards)
    this.objects = new KeptObjects(shards)
    this.follows = new Follows(shards, changes)
    this.feeds = new Feeds(shards, { follows: this.follows, changes, cache })
    this.photoEvents = new PhotoEvents(shards)
    this.webhookEvents = new WebhookEvents(shards)
    this.imports = new Imports(shards)
    this.adoptions = new Adoptions(shards)
    this.installation = new Installation(shards)
    this.keptFilters = new KeptFilters(shards)
    this.storageUse = new StorageUse(shards)
    this.runs = new Runs(shards)
    this.recurringRuns = new RecurringRuns(shards)
    this.runParts = new RunParts(shards)
    this.runCosts = new RunCosts(shards)
    this.runFailures = new RunFailures(shards)
    this.consoleCodes = new ConsoleCodes(shards)
    this.health = new Health(shards)
    this.replicas = new Replicas(shards)
  }

  /** The same, where what asks for photos of all databases leaves none out: it throws EngineUnavailableError instead. */
  exact(): Catalog {
    return new Catalog(this.#shards.exact(), this.#options)
  }
}

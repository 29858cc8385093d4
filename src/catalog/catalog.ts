import type { SharedCache } from '../cache/shared-cache.ts'
import { Adoptions } from './adoptions.ts'
import { Aside } from './aside.ts'
import type { Changes } from './changes.ts'
import { ConsoleCodes } from './console-codes.ts'
import { DailyUses } from './daily-uses.ts'
import { Feeds } from './feeds.ts'
import { Follows } from './follows.ts'
import { Health } from './health.ts'
import { IdempotencyKeys } from './idempotency-keys.ts'
import { Imports } from './imports.ts'
import { Installation } from './installation.ts'
import { KeptFilters } from './kept-filters.ts'
import { KeptObjects } from './kept-objects.ts'
import { Looks } from './looks.ts'
import { PhotoEvents } from './photo-events.ts'
import { Photos } from './photos.ts'
import { Places } from './places.ts'
import { RecurringRuns } from './recurring-runs.ts'
import { Remakes } from './remakes.ts'
import { Removals } from './removals.ts'
import { Renditions } from './renditions.ts'
import { Replicas } from './replicas.ts'
import { ReservedIds } from './reserved-ids.ts'
import { RunCosts } from './run-costs.ts'
import { RunFailures } from './run-failures.ts'
import { RunParts } from './run-parts.ts'
import { Runs } from './runs.ts'
import { SelectedPhotos } from './selected-photos.ts'
import type { ShardMap } from './shard-map.ts'
import { StorageUse } from './storage-use.ts'
import { Uploads } from './uploads.ts'
import { WebhookEvents } from './webhook-events.ts'

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

export type { ApiOptions } from './api.ts'
export { DarkroomClient } from './client.ts'
export type { EventOptions } from './events.ts'
export { type FeedOptions, PhotoFeed } from './feed.ts'
export type { Place, Spot } from './feed-places.ts'
export { indexedDbStore } from './indexed-db-store.ts'
export { Operator } from './operator.ts'
export { type Rendition, renditionsOf, renditionUrl, srcset, type Wish } from './pictures.ts'
export { type OpenStream, type PhotoSource, type Send, streamBy } from './platform.ts'
export { Problem } from './problem.ts'
export { memoryStore, type QueueStore, type StoredUpload } from './queue-store.ts'
export type { QueuedUpload } from './queued-upload.ts'
export type { Runs, SeenRun } from './runs.ts'
export { thumbhashPixels, thumbhashUrl } from './thumbhash.ts'
export type {
  Delivery,
  FailedJobs,
  FeedEvent,
  Filter,
  Interval,
  Jobs,
  Me,
  Photo,
  PhotoChange,
  PhotoEvent,
  PhotoHistory,
  PhotoPage,
  Photos,
  Preset,
  Readiness,
  ReprocessWish,
  ResetEvent,
  RetriedJobs,
  Run,
  RunCount,
  RunDetail,
  RunFailures,
  RunPairs,
  RunWish,
  Stats,
  StreamedEvent,
} from './types.ts'
export type { UploadFields, UploadOptions } from './upload.ts'
export { type NamedSource, type QueueProgress, UploadQueue, type UploadQueueOptions } from './upload-queue.ts'

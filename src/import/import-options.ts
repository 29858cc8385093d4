import type { OwnerId } from '../photo/shard.ts'

/** What the command was given. */
export type ImportOptions = {
  owner?: OwnerId
  ownerFrom?: RegExp
  postedAt: 'exif' | 'mtime' | RegExp
  exifOffset?: string
  visibility: 'public' | 'private'
  as?: string
  source?: string
  root?: string
  adopt?: true
  withOriginals?: true
  rate?: number
  share?: number
  maxFailures?: number
  report?: string
  dryRun?: true
  detach?: true
  json?: true
}

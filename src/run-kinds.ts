import type { Config } from './config/config.ts'
import type { Cdn } from './delivery/cdn.ts'
import { reprocess } from './reprocess/reprocess.ts'
import { sampling } from './reprocess/sampling.ts'
import { finish, rollback } from './reprocess/undo.ts'
import { verify } from './reprocess/verify.ts'
import type { RunKind } from './runs/run-kind.ts'
import { earlierRenditions } from './sweep/earlier-renditions.ts'
import { endedRuns } from './sweep/ended-runs.ts'
import { incoming } from './sweep/incoming.ts'
import { laterRenditions } from './sweep/later-renditions.ts'
import { lostJobs } from './sweep/lost-jobs.ts'
import { oldEvents } from './sweep/old-events.ts'
import { oldPlaces } from './sweep/old-places.ts'
import { oldUploads } from './sweep/old-uploads.ts'
import { spentIds } from './sweep/spent-ids.ts'
import { comparedObjects } from './sweep/sweep-objects.ts'
import { takenDown } from './sweep/take-down.ts'
import { untoldFollows } from './sweep/untold-follows.ts'
import { relay } from './webhooks/relay.ts'
import type { Webhook } from './webhooks/webhook.ts'

/** All that is done to many photos: a kind is a file and a line here. */
export function runKinds(
  { quarantineDays }: Config,
  engines: { cdn: Cdn; webhook: Webhook | null },
): RunKind[] {
  return [
    lostJobs,
    takenDown(engines.cdn),
    earlierRenditions,
    oldPlaces,
    laterRenditions,
    comparedObjects({ quarantineDays }),
    endedRuns,
    oldUploads,
    spentIds,
    untoldFollows,
    oldEvents({ hasWebhook: engines.webhook !== null }),
    incoming,
    ...(engines.webhook ? [relay(engines.webhook)] : []),
    reprocess,
    sampling,
    rollback,
    finish,
    verify,
  ]
}

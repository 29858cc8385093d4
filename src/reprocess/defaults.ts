/** What a run of `reprocess` does where nobody says otherwise, by a command or over the API. */

/** So far in ΔE2000 what is made may be from what is shown, as a mended colour is. */
export const MAX_DIFFERENCE = 6
/** So long what was shown before is kept. */
export const KEEP_SECONDS = 7 * 86_400
/** It waits while a replica is further behind. */
export const REPLICA_LAG_SECONDS = 10

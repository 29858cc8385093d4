import type { ChangeCursor } from '../catalog/feeds/follows.ts'
import type { RunKind } from '../runs/run-kind.ts'

/** Who changes whom they follow tells it at once: after so long nobody does any more. */
const UNTOLD_AFTER_MS = 30_000
/** No statement lasts as long, so none that is older can still come. */
const GONE_AFTER_MS = 3_600_000
const PAGE = 1_000

/** Owners are told who follows them, and who does no more, when the server that was to do so has died, or could not. */
export const untoldFollows: RunKind = {
  name: 'untold follows',
  pauseMs: 30_000,
  slices: () => [{}],
  work: async function* ({ catalog: { follows } }) {
    const since = ago(UNTOLD_AFTER_MS)
    let after: ChangeCursor | null = null
    do {
      const { told, next }: Awaited<ReturnType<typeof follows.tellAll>> = await follows.tellAll(since, after)
      yield { cursor: null, done: told }
      after = next
    } while (after)

    for (let gone = PAGE; gone === PAGE; ) {
      gone = await follows.forget(ago(GONE_AFTER_MS), PAGE)
      yield { cursor: null, done: gone }
    }
  },
}

const ago = (ms: number) => new Date(Date.now() - ms)

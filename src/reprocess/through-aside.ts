import type { Range } from '../catalog/runs/selected-photos.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { RunEngines, RunKind, Step } from '../runs/run-kind.ts'

/** The run that put something aside, and for how long it keeps that, as JSON. */
export type AsideSelection = { run: number; keepSeconds: number }

/** A part: these shards. */
export type AsideSlice = { shards: readonly Range[] }

type Counts = Pick<Step, 'done' | 'skipped' | 'failed' | 'tally'>

const PAGE = 100

/**
 * Acts on the photos of which a run put an edition aside, a page at a time. A page stands in the part before it is acted on,
 * so that whoever goes on after a kill does the same page again and counts it once: doing it twice must change nothing, and
 * tell the same.
 */
export function throughAside(
  name: string,
  act: (
    engines: RunEngines,
    ids: readonly PhotoId[],
    of: { selection: AsideSelection; by: number },
  ) => Promise<Counts>,
): RunKind {
  return {
    name,
    pauseMs: null,
    // Whoever starts one cuts it, as that wants the catalog.
    slices: () => [],
    count: async ({ catalog }, { selection, slice }) =>
      await catalog.aside.count((selection as AsideSelection).run, (slice as AsideSlice).shards),
    work: async function* (engines, part) {
      const selection = part.selection as AsideSelection
      const { shards } = part.slice as AsideSlice
      let cursor = part.cursor as PhotoId | null
      let inFlight = part.inFlight as readonly PhotoId[]
      for (;;) {
        if (inFlight.length > 0)
          yield { cursor, ...(await act(engines, inFlight, { selection, by: part.run })) }
        if (part.pausing.aborted) return
        inFlight = await engines.catalog.aside.page(selection.run, shards, cursor, PAGE)
        if (inFlight.length === 0) return
        cursor = inFlight.at(-1) ?? cursor
        yield { cursor, inFlight }
      }
    },
  }
}

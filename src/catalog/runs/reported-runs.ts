import type { Costs } from './costs.ts'

/** Numbers by what they count: parts add them up. */
export type Tally = Record<string, number>

/** What a run is meant to be. */
export type StoredState = 'running' | 'paused' | 'cancelled' | 'stopped'

/**
 * What a run is. Of one that recurs `waiting`, until it begins anew; `pausing` while servers see the last jobs of theirs
 * end.
 */
export type RunState = StoredState | 'waiting' | 'pausing' | 'complete'

/** `selected` is `done + skipped + failed + left`, always. */
export type RunReport = {
  id: number
  kind: string
  recurs: boolean
  selection: unknown
  /** How many photos its canary has, once they are drawn. */
  canary: number | null
  state: RunState
  /** Why it was stopped, or what a part of it waits for. */
  reason: string | null
  /** One more whenever it is steered, held or stopped; when that was last, and by whom, where that is told. */
  version: number
  changedAt: Date | null
  steeredBy: string | null
  createdAt: Date
  movedAt: Date | null
  endedAt: Date | null
  /** For how long it has run, without its pauses. */
  ranSeconds: number
  /** Whether `selected` is final: all parts are counted. */
  isCounted: boolean
  selected: number
  done: number
  skipped: number
  failed: number
  left: number
  inFlight: number
  tally: Tally
  /** What its photos took, of kinds that make photos. */
  costs: Costs
  parts: number
  partsEnded: number
  /** Parts that something holds back: an engine that is unavailable, or what others want more. */
  partsHeld: number
  /** Those that work it now. */
  holders: readonly string[]
}

/** What a list of runs leaves out of their selections: each may have thousands of ids. */
export const BUT_WHAT_WAS_DRAWN = `r.selection - '{sample,canary,asked,estimate}'::text[]`

/** Reports of runs `r`, which `from` selects whole, and so much of their selections. */
export const reportsOf = (from: string, selection = 'r.selection') => `
  select r.id, r.kind, r.recurs, ${selection} as selection, r.version, r.changed_at as "changedAt", r.steered_by as "steeredBy",
    r.created_at as "createdAt", p.*,
    case when r.recurs then null when p."partsEnded" = p.parts then p.ended end as "endedAt",
    greatest(0, extract(epoch from r.ran + case when r.state = 'running' then
      case when p."partsEnded" = p.parts and not r.recurs then coalesce(p.ended, r.created_at) else now() end
      - coalesce(r.running_since, r.created_at) else '0' end))::float8 as "ranSeconds",
    coalesce(r.reason, p.held) as reason,
    (select sum(jsonb_array_length(stratum -> 'ids'))::int
     from jsonb_array_elements(r.selection #> '{canary,strata}') as stratum) as canary,
    (select coalesce(jsonb_object_agg(key, total), '{}') from (
       select key, sum(value::float8) as total from run_parts, jsonb_each_text(tally) where run = r.id group by key
     ) as totals) as tally,
    case
      -- also one that was paused as its last photo was done
      when r.state in ('running', 'paused') and p."partsEnded" = p.parts then 'complete'
      when r.state = 'running' and r.recurs and p.holders = '{}' then 'waiting'
      when r.state = 'paused' and p.holders <> '{}' then 'pausing'
      else r.state
    end as state
  from (${from}) r, lateral (
    select coalesce(bool_and(selected is not null), true) as "isCounted",
      coalesce(sum(selected), 0)::float8 as selected, coalesce(sum(done), 0)::float8 as done,
      coalesce(sum(skipped), 0)::float8 as skipped, coalesce(sum(failed), 0)::float8 as failed,
      coalesce(sum(coalesce(selected, 0) - done - skipped - failed), 0)::float8 as left,
      coalesce(sum(jsonb_array_length(in_flight)), 0)::int as "inFlight",
      count(*)::int as parts, count(ended_at)::int as "partsEnded", count(held_because)::int as "partsHeld",
      jsonb_build_object('made', coalesce(sum(made), 0), 'cpuMs', coalesce(sum(cpu_ms), 0),
        'wallMs', coalesce(sum(wall_ms), 0), 'puts', coalesce(sum(puts), 0), 'putBytes', coalesce(sum(put_bytes), 0),
        'bytesBefore', coalesce(sum(bytes_before), 0), 'bytesAfter', coalesce(sum(bytes_after), 0),
        'mended', coalesce(sum(mended), 0)
      ) as costs,
      max(held_because) as held, max(ended_at) as ended, max(moved_at) as "movedAt",
      coalesce(array_agg(distinct holder) filter (where due_at > now() and holder is not null), '{}') as holders
    from run_parts where run = r.id
  ) as p`

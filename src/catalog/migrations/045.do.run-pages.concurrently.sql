-- What failed of a run with a code; and what a run made, what differs most from before first.
drop index concurrently if exists run_failures_by_code;
create index concurrently run_failures_by_code on run_failures (run, code, photo_id);
drop index concurrently if exists earlier_renditions_by_difference;
create index concurrently earlier_renditions_by_difference
  on earlier_renditions (run, (-coalesce(difference, 0)), photo_id) where run is not null;

-- Those for which the later ones of their owners wait.
drop index concurrently if exists photo_events_holding;
create index concurrently photo_events_holding on photo_events (owner)
  where not is_told and refusals > 0 and refusals < 5;
drop index concurrently if exists photo_events_refused;
create index concurrently photo_events_refused on photo_events (retry_at) where not is_told and refusals > 0;

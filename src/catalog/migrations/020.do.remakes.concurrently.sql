-- Photos that failed, and what a run put aside.
drop index concurrently if exists photos_failed;
create index concurrently photos_failed on photos (id) where status = 'failed' and deleted_at is null;
drop index concurrently if exists earlier_renditions_of_run;
create index concurrently earlier_renditions_of_run on earlier_renditions (run, photo_id) where run is not null;

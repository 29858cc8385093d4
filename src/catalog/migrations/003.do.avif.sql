-- The edition whose AVIF renditions are made, or given up; they are made after a photo is ready.
alter table photos add column avif_edition int;

create index photos_without_avif on photos (id)
  where status = 'ready' and deleted_at is null and avif_edition is distinct from edition;

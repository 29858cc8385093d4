-- Whether an owner has the same bytes already, and how many of an import wait for workers.
drop index concurrently if exists photos_by_bytes;
create index concurrently photos_by_bytes on photos (hashtext(owner), substr(sha256, 1, 8)) where deleted_at is null;
drop index concurrently if exists photos_importing;
create index concurrently photos_importing on photos (id) where status = 'processing' and deleted_at is null and imported_by is not null;

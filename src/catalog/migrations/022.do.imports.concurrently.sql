-- Whether an owner has the same bytes already, and how many of an import wait for workers. Of owner and bytes a number is enough,
-- and takes a third less; that others have the same one costs a look at the row.
drop index concurrently if exists photos_by_bytes;
create index concurrently photos_by_bytes on photos (hashtextextended(owner || encode(sha256, 'hex'), 0)) where deleted_at is null;
drop index concurrently if exists photos_importing;
create index concurrently photos_importing on photos (id) where status = 'processing' and deleted_at is null and imported_by is not null;

-- When the objects of a removed photo were deleted, and nothing is left to do but to make the CDN forget its copies. Many
-- are taken down together, so this outlives the purge.
alter table photos add column purged_at timestamptz;

create index photos_purged on photos (purged_at, id) where purged_at is not null;

drop index photos_deleted;
create index photos_deleted on photos (id) where deleted_at is not null and purged_at is null;

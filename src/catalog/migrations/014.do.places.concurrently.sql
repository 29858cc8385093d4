-- Photos that have left places which are to be looked at, and those of before there were secrets.
drop index concurrently if exists photos_left;
create index concurrently photos_left on photos (left_due_at) where left_due_at is not null;
drop index concurrently if exists photos_without_secret;
create index concurrently photos_without_secret on photos (id) where secret is null and deleted_at is null;

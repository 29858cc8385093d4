call fold_all_renditions();

-- A page of an owner's photos, and of those that others see: of each there is one part of the index. It holds a number for
-- the owner, as the name would take more than all the rest; that two owners have the same one costs a look at the row.
drop index concurrently if exists photos_by_owner;
create index concurrently photos_by_owner on photos (
  hashtext(owner),
  (case when visibility = 'public' then status = 'ready' else false end),
  posted_at desc,
  id desc
) where deleted_at is null;

-- Photos that are to get more renditions, or that were made by other recipes than today's.
drop index concurrently if exists photos_without_later;
create index concurrently photos_without_later on photos (id)
  where status = 'ready' and deleted_at is null and later_renditions is null;
drop index concurrently if exists photos_by_recipe;
create index concurrently photos_by_recipe on photos (recipe) where status = 'ready' and deleted_at is null;

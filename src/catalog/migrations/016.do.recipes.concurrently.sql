-- Photos that were made by other recipes than today's, of each recipe in the order of their ids.
drop index concurrently if exists photos_by_recipe_and_id;
create index concurrently photos_by_recipe_and_id on photos (recipe, id) where status = 'ready' and deleted_at is null;
drop index concurrently if exists photos_by_recipe;

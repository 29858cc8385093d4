-- Everything stands in the photos' own rows.
drop trigger fold_changed on photos;
drop trigger fold_new on photos;
drop procedure fold_all_renditions;
drop function fold_renditions, old_value, old_number;
drop table renditions;
drop function fold_changed_renditions, fold_changed_photo, fold_new_photo;

drop index photos_of_owner, photos_shown_of_owner;
alter table photos
  drop column pending,
  drop column avif_edition,
  -- validated by 013, as `not null` would look at all photos while nobody may read them
  add constraint photos_posted check (posted_at is not null) not valid;

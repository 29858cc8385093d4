-- What happened to one photo.
drop index concurrently if exists photo_events_of_photo;
create index concurrently photo_events_of_photo on photo_events (photo_id, id);

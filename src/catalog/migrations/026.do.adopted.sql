-- Photos whose originals stay where they are. Of these nothing is known before they are read for the first time: no format, no
-- hash, and their length only if a list tells it.
alter table photos
  alter column format drop not null,
  alter column bytes drop not null,
  -- s3://bucket/key?… or file:///path, percent-encoded; null for an original of our own. Of an adopted one sha256 is that of
  -- this text, as the number of a photo, by which its shard finds it, must not change when the original is read
  add column adopted_from text,
  -- its entity tag there, when it was adopted
  add column adopted_etag text,
  add column adopted_sha256 bytea,
  add constraint photos_known check (adopted_from is not null or (format is not null and bytes is not null)) not valid;

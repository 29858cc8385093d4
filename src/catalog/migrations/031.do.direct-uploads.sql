-- Of an id for a photo that its owner puts into the store themself: what they said of it beforehand. Null of other ids.
alter table reserved_ids add column direct jsonb;

-- In place of an index of shards, and one of owners' bytes. That others have the same number costs a look at the row.
drop index concurrently if exists photos_in_shards;
create index concurrently photos_in_shards on photos (shard_order(shard_of(id), owner, sha256));
analyze photos;
drop index concurrently if exists photos_by_bytes;
drop index concurrently if exists photos_of_shard;

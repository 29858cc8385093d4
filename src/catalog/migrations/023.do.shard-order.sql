-- The number of a photo, which never changes: its shard, then 49 bits for its owner and bytes. An index of it gives the photos of
-- a shard, in an order that no change of theirs disturbs, and those of an owner that have the same bytes.
create function shard_order(shard int, owner text, sha256 bytea) returns bigint
language sql immutable parallel safe
return shard::bigint << 49 | (hashtextextended(owner || encode(sha256, 'hex'), 0) & ((1::bigint << 49) - 1));

-- The first number that a photo of the shard can have; those of the shard before end here.
create function shard_start(shard int) returns bigint
language sql immutable parallel safe
return shard::bigint << 49;

-- The database that a shard came from, for as long as rows of it may be left there.
alter table shards add column came_from text;

-- The names of all presets that there ever were.
alter table installation add column presets text[] not null default '{}';

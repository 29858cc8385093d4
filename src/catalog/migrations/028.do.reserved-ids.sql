-- Ids that an owner may give to photos of theirs. The photo that takes one takes its row away, in its own transaction: an id
-- is used once, also when its photo is gone.
create table reserved_ids (
  id bigint primary key,
  owner text not null
);
create index reserved_ids_of_shard on reserved_ids (shard_start(shard_of(id)), id);

create trigger hold_shard before insert or update or delete on reserved_ids for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

-- What an owner's Idempotency-Key stands for: the ids that were made for it. The row lies beside the first of them.
create table idempotency_keys (
  photo_id bigint primary key,
  ids bigint[] not null,
  owner text not null,
  key text not null,
  -- of what was asked for, as far as it was known before the body
  fingerprint bytea not null,
  -- the one id is reserved for a photo that is to come
  is_open boolean not null,
  -- who does it at the moment
  holder uuid,
  held_until timestamptz,
  unique (owner, key)
) with (fillfactor = 70);
create index idempotency_keys_of_shard on idempotency_keys (shard_start(shard_of(photo_id)), photo_id);

create trigger hold_shard before insert or update or delete on idempotency_keys for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_rendition();

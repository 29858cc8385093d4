-- What has come so far of photos that are uploaded in pieces, under the ids that are reserved for them. When a photo is whole
-- its row here goes.
create table uploads (
  id bigint primary key,
  owner text not null,
  -- of the whole, null while the client does not say
  length bigint,
  -- bytes that are kept, from the first on
  received bigint not null default 0,
  -- the objects that have them, in order: each is named by its first byte
  chunks text[] not null default '{}',
  -- what is told of the photo, as it was sent
  metadata text not null
) with (fillfactor = 70);
create index uploads_of_shard on uploads (shard_start(shard_of(id)), id);

create trigger hold_shard before insert or update or delete on uploads for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

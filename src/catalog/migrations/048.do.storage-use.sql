-- What the store holds, as the last lap over all objects counted it. It lies beside shard 0 and moves with it.
create table storage_use (
  is_only boolean primary key default true check (is_only),
  photos bigint not null,
  objects bigint not null,
  original_bytes bigint not null,
  rendition_bytes bigint not null,
  counted_at timestamptz not null
);

create trigger hold_shard before insert or update or delete on storage_use for each statement
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_first_shard();

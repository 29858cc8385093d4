-- Looks that an operator keeps for all servers and workers. They lie beside shard 0, as runs do, and move with it.
create table kept_filters (
  name text collate "C" primary key,
  title text not null,
  -- of the table's content: the same pixels have the same
  digest text not null,
  size int not null,
  -- size³ colours, each value two bytes, deflated
  steps bytea not null,
  kept_by text not null,
  kept_at timestamptz not null default now()
);
-- Deflated already.
alter table kept_filters alter column steps set storage external;

create trigger hold_shard before insert or update or delete on kept_filters for each statement
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_first_shard();

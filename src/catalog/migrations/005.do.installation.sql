-- The installation that this database is a part of: the same in all its databases, and in `darkroom.json` of the store
-- whose objects they keep.
create table installation (
  is_ours boolean primary key default true check (is_ours),
  id uuid not null
);

-- True when all these shards are here.
create function shards_are_here(asked int[]) returns boolean
language plpgsql stable parallel safe
as $$
begin
  perform shard_is_here(shard) from unnest(asked) as shard;
  return true;
end;
$$;

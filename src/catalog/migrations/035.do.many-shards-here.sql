-- In one look at them, however many there are.
create or replace function shards_are_here(asked int[]) returns boolean
language plpgsql stable parallel safe
as $$
begin
  if (select count(*) from shards where shard = any(asked) and state = 'here')
    < (select count(distinct shard) from unnest(asked) as shard) then
    perform shard_is_here(shard) from unnest(asked) as shard;
  end if;
  return true;
end;
$$;

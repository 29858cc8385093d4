-- Those asked for are many, and each once: only when fewer are here is it looked which is not.
create or replace function shards_are_here(asked int[]) returns boolean
language plpgsql stable parallel safe
as $$
begin
  if (select count(*) from shards where shard = any(asked) and state = 'here') < cardinality(asked) then
    perform shard_is_here(shard) from unnest(asked) as shard;
  end if;
  return true;
end;
$$;

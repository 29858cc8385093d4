-- What a run put aside can be shown again as it was: by which run, and in favour of which edition. Other editions have none
-- of this.
alter table earlier_renditions
  add column run int,
  add column remade_as int,
  add column color text,
  add column thumbhash bytea;

-- When the next photo of a run may be begun that keeps to a rate.
alter table runs add column paced_until timestamptz;

-- True when all these shards are here, among others.
create function all_shards_here(asked int4multirange) returns boolean
language plpgsql stable parallel safe
as $$
begin
  if not asked <@ (select coalesce(range_agg(int4range(shard, shard, '[]')), '{}') from shards where state = 'here') then
    raise exception 'not all of the shards % are in this database', asked using errcode = 'DR001';
  end if;
  return true;
end;
$$;

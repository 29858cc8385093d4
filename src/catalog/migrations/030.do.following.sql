-- The id of a row of a shard that is no photo, by its name: the shard, 26 bits of the name, the shard again, where shard_of
-- looks for it, and 10 bits more. So the rows of a shard lie together, from shard_start on. Two names may have one id: moves
-- take their rows together.
create function named_id(shard int, name text) returns bigint
language sql immutable parallel safe
return (shard::bigint << 49)
  | ((hashtextextended(name, 0) & 67108863) << 23)
  | (shard::bigint << 10)
  | ((hashtextextended(name, 0) >> 26) & 1023);

-- Of what changes: greater than any before it, and never that of a state which a restored backup has lost. Microseconds.
create function next_version(before bigint) returns bigint
language sql volatile
return greatest(before + 1, floor(extract(epoch from clock_timestamp()) * 1000000)::bigint);

-- Names stand in the order of their bytes, whatever that of the database is.

-- Whom a viewer follows, in the order in which they came to; with the viewer's shard.
create table following (
  viewer text collate "C" primary key,
  id bigint not null,
  owners text[] collate "C" not null,
  version bigint not null
);
create index following_in_shards on following (id);

-- By whom an owner is followed; with the owner's shard. `number` is that of the change: an earlier one that comes late
-- changes nothing, for which those who went are kept for an hour.
create table followers (
  owner text collate "C" not null,
  viewer text collate "C" not null,
  id bigint not null,
  number bigint not null,
  is_gone boolean not null,
  primary key (owner, viewer)
);
create index followers_in_shards on followers (id);
create index followers_gone on followers (number) where is_gone;

-- What `followers` is to be told of yet; with the viewer's shard.
create table follow_changes (
  viewer text collate "C" not null,
  owner text collate "C" not null,
  id bigint not null,
  number bigint not null,
  is_followed boolean not null,
  primary key (viewer, owner)
);
create index follow_changes_in_shards on follow_changes (id);
create index follow_changes_in_order on follow_changes (number, viewer, owner);

create trigger hold_shard before insert or update or delete on following for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

create trigger hold_shard before insert or update or delete on followers for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

create trigger hold_shard before insert or update or delete on follow_changes for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

-- Whoever comes or goes is noted with the change, whatever statement makes it.
create function note_follow_changes() returns trigger
language plpgsql
as $$
declare
  before text[] := case when tg_op = 'UPDATE' then old.owners else '{}' end;
begin
  insert into follow_changes (viewer, owner, id, number, is_followed)
  select new.viewer, owner, named_id(shard_of(new.id), new.viewer || ' ' || owner), new.version, is_followed
  from (
    (select unnest(new.owners) as owner, true as is_followed except select unnest(before), true)
    union all
    (select unnest(before), false except select unnest(new.owners), false)
  ) changed
  order by owner
  on conflict (viewer, owner) do update set number = excluded.number, is_followed = excluded.is_followed;
  return null;
end;
$$;

create trigger note_follow_changes after insert or update on following for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function note_follow_changes();

-- In one look at them, as there may be thousands.
create or replace function shards_are_here(asked int[]) returns boolean
language plpgsql stable parallel safe
as $$
declare
  missing int;
begin
  select a.shard into missing from unnest(asked) as a(shard)
  where not exists (select from shards s where s.shard = a.shard and s.state = 'here') limit 1;
  if found then
    raise exception 'shard % is not in this database', missing using errcode = 'DR001';
  end if;
  return true;
end;
$$;

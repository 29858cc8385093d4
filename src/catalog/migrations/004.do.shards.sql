-- Where each logical shard lives. It is `here` in exactly one database. `arriving`: a move copies it from `url`, and
-- nobody may use it yet. `elsewhere`: `url` has it, or had it when this row was written; a shard that moved on left
-- such a row there. Each move counts the generation up; rows of generation 0 only show the way.
create table shards (
  shard smallint primary key check (shard between 0 and 8191),
  state text not null check (state in ('here', 'arriving', 'elsewhere')),
  url text check ((url is null) = (state = 'here')),
  generation int not null,
  -- a move copies it: each change of its photos is noted
  is_leaving boolean not null default false
);

-- Photos that changed since a move began to copy them, and the number of their last change.
create table shard_changes (
  photo_id bigint primary key,
  number bigint not null
);
create sequence shard_change_numbers;
create index shard_changes_in_order on shard_changes (number);

-- A database that was used without shards has them all, until they are moved.
insert into shards (shard, state, generation)
select shard, 'here', 1 from generate_series(0, 8191) shard where exists (select from shard_clocks);

create function shard_of(id bigint) returns int
language sql immutable parallel safe
return (id >> 10) & 8191;

create index photos_of_shard on photos (shard_of(id), id);

-- The guard of every statement about a shard: true when it is here, as of the statement's own snapshot, so that what
-- the statement finds of it is whole. Else it raises DR001. It depends on no row, so PostgreSQL asks it first, and
-- also when there is no row.
create function shard_is_here(asked int) returns boolean
language plpgsql stable parallel safe
as $$
begin
  perform from shards where shard = asked and state = 'here';
  if not found then
    raise exception 'shard % is not in this database', asked using errcode = 'DR001';
  end if;
  return true;
end;
$$;

create function photo_is_here(id bigint) returns boolean
language plpgsql stable parallel safe
as $$
begin
  return shard_is_here(shard_of(id));
end;
$$;

create function photos_are_here(ids bigint[]) returns boolean
language plpgsql stable parallel safe
as $$
begin
  perform shard_is_here(shard) from (select distinct shard_of(id) as shard from unnest(ids) id) as asked;
  return true;
end;
$$;

-- True when these shards are here, and no others.
create function only_shards_here(asked int4multirange) returns boolean
language plpgsql stable parallel safe
as $$
begin
  if (select coalesce(range_agg(int4range(shard, shard, '[]')), '{}') from shards where state = 'here') <> asked then
    raise exception 'other shards than % are in this database', asked using errcode = 'DR001';
  end if;
  return true;
end;
$$;

-- The guard of every row that is written: the shard is here, and stays until the transaction ends. A move takes the
-- same lock alone. It is a lock that queues, unlike a row's, so that a move comes to its turn on a busy shard.
create function hold_shard(asked int) returns boolean
language plpgsql volatile
as $$
begin
  -- The look after the lock must see what was committed while we waited for it.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'photos are written in read committed transactions, not %', current_setting('transaction_isolation');
  end if;
  perform pg_advisory_xact_lock_shared(7266766, asked);
  return shard_is_here(asked);
end;
$$;

-- The note is committed with the change. A move marks a shard as leaving while nobody writes to it, so none is missed.
create function hold_and_note(id bigint) returns void
language plpgsql volatile
as $$
begin
  perform hold_shard(shard_of(id));
  insert into shard_changes (photo_id, number)
  select id, nextval('shard_change_numbers') from shards where shard = shard_of(id) and is_leaving
  on conflict (photo_id) do update set number = excluded.number;
end;
$$;

create function hold_shard_of_photo() returns trigger
language plpgsql
as $$
begin
  perform hold_and_note(coalesce(new.id, old.id));
  return coalesce(new, old);
end;
$$;

create function hold_shard_of_rendition() returns trigger
language plpgsql
as $$
begin
  perform hold_and_note(coalesce(new.photo_id, old.photo_id));
  return coalesce(new, old);
end;
$$;

-- A move writes to shards that are not here: it alone sets this.
create trigger hold_shard before insert or update or delete on photos for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

create trigger hold_shard before insert or update or delete on renditions for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_rendition();

drop function next_photo_id;
create function next_photo_id(shard int, at timestamptz default clock_timestamp()) returns bigint
language plpgsql volatile
as $$
declare
  id bigint;
begin
  perform hold_shard($1);
  insert into shard_clocks as clock (shard, last)
  values ($1, floor(extract(epoch from $2) * 1000 - 1704067200000)::bigint << 10)
  on conflict on constraint shard_clocks_pkey
    do update set last = greatest(clock.last + 1, excluded.last)
  returning ((clock.last >> 10) << 23) | ($1::bigint << 10) | (clock.last & 1023) into id;
  return id;
end;
$$;

-- The last id of each logical shard, without its shard bits: milliseconds << 10 | sequence.
-- Half-filled pages keep the updates heap-only.
create table shard_clocks (
  shard smallint primary key check (shard between 0 and 8191),
  last bigint not null
) with (fillfactor = 50);

-- The next id of a shard: 41 bits of milliseconds since 2024-01-01T00:00:00Z, 13 of shard, 10 of sequence.
-- The clock of a shard only goes forward. Within a millisecond the sequence counts; past its 1,024 values, or
-- when the machine's clock stepped back, the id runs ahead of the clock instead of repeating. The row's lock
-- makes it so from any number of connections, and the row moves with its shard to another database.
create function next_photo_id(shard int, at timestamptz default clock_timestamp()) returns bigint
language sql volatile
begin atomic
  insert into shard_clocks as clock (shard, last)
  values ($1, floor(extract(epoch from $2) * 1000 - 1704067200000)::bigint << 10)
  on conflict on constraint shard_clocks_pkey
    do update set last = greatest(clock.last + 1, excluded.last)
  returning ((clock.last >> 10) << 23) | ($1::bigint << 10) | (clock.last & 1023);
end;

create table photos (
  id bigint primary key,
  owner text not null,
  status text not null default 'processing' check (status in ('processing', 'ready', 'failed')),
  visibility text not null check (visibility in ('public', 'private')),
  format text not null,
  bytes bigint not null,
  sha256 bytea not null,
  focus_x double precision,
  focus_y double precision,
  filter text,
  strength double precision,
  -- the kinds of the jobs that are still to be done
  pending text[] not null,
  -- what only decoding tells
  width int,
  height int,
  color text,
  thumbhash bytea,
  failure_code text,
  failure_message text,
  -- tells its age: the time in its id is that of the shard's clock, which may be ahead
  written_at timestamptz not null default now(),
  -- when its owner removed it; the row goes when the purge is done
  deleted_at timestamptz
);

create index photos_of_owner on photos (owner, id desc) where deleted_at is null;
-- What others see of an owner, however many photos are private or failed.
create index photos_shown_of_owner on photos (owner, id desc)
  where deleted_at is null and visibility = 'public' and status = 'ready';
create index photos_processing on photos (id) where status = 'processing' and deleted_at is null;
create index photos_deleted on photos (id) where deleted_at is not null;

create table renditions (
  photo_id bigint not null references photos on delete cascade,
  filter text,
  strength double precision,
  preset text not null,
  format text not null,
  digest text not null,
  width int not null,
  height int not null,
  bytes int not null,
  primary key (photo_id, preset, format, digest)
);

-- What it took to make a photo for a run, told by the worker that did, until the part that promised it counts that; and
-- kept of photos that were made to reckon with.
create table run_costs (
  run int not null references runs on delete cascade,
  photo_id bigint not null,
  cpu_ms real not null,
  -- how long its job had a worker
  wall_ms real not null,
  puts int not null,
  put_bytes bigint not null,
  -- all that the photo had before, and has afterwards
  bytes_before bigint not null,
  bytes_after bigint not null,
  had_failed boolean not null,
  made_at timestamptz not null default now(),
  primary key (run, photo_id)
) with (fillfactor = 70);

create trigger hold_shard before insert or update or delete on run_costs for each statement
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_first_shard();

-- The same, of all photos of a part that are counted.
alter table run_parts
  add column made bigint not null default 0,
  add column cpu_ms float8 not null default 0,
  add column wall_ms float8 not null default 0,
  add column puts bigint not null default 0,
  add column put_bytes bigint not null default 0,
  add column bytes_before bigint not null default 0,
  add column bytes_after bigint not null default 0,
  -- had failed before, and were done
  add column mended bigint not null default 0;

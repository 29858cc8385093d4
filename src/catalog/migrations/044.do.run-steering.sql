-- Who steers a run says which version of it they have seen: whatever steers, holds or stops it counts that up. And for how long
-- it has run, without its pauses; and the request that began it, whose repeat begins none.
alter table runs
  add column version int not null default 1,
  add column changed_at timestamptz,
  add column steered_by text,
  add column ran interval not null default '0',
  -- null since it was begun
  add column running_since timestamptz,
  add column begun_by text,
  add column request_key text,
  add column fingerprint text;
create unique index runs_of_requests on runs (begun_by, request_key) where request_key is not null;

create index runs_asked on runs ((selection ->> 'asked')) where selection ->> 'asked' is not null;

create function note_run_change() returns trigger
language plpgsql
as $$
begin
  if (new.state, new.reason, new.selection) is not distinct from (old.state, old.reason, old.selection) then
    return new;
  end if;
  new.version := old.version + 1;
  new.changed_at := now();
  if old.state = 'running' and new.state <> 'running' then
    new.ran := old.ran + (now() - coalesce(old.running_since, old.created_at));
    new.running_since := null;
  elsif old.state <> 'running' and new.state = 'running' then
    new.running_since := now();
  end if;
  return new;
end;
$$;

create trigger note_change before update of state, reason, selection on runs for each row
execute function note_run_change();

-- How many photos of a run failed with each code: failures are counted as they are kept, and not as they are looked at.
create table run_failure_codes (
  run int not null references runs on delete cascade,
  code text not null,
  count int not null,
  primary key (run, code)
) with (fillfactor = 70);

create function count_new_failures() returns trigger
language plpgsql
as $$
begin
  insert into run_failure_codes as c (run, code, count)
  select run, code, count(*) from added group by run, code order by run, code
  on conflict (run, code) do update set count = c.count + excluded.count;
  return null;
end;
$$;

create function count_changed_failures() returns trigger
language plpgsql
as $$
begin
  insert into run_failure_codes as c (run, code, count)
  select run, code, sum(change) from (
    select run, code, 1 as change from added union all select run, code, -1 from removed
  ) as changes
  group by run, code having sum(change) <> 0 order by run, code
  on conflict (run, code) do update set count = c.count + excluded.count;
  return null;
end;
$$;

create trigger count_new after insert on run_failures referencing new table as added for each statement
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function count_new_failures();

create trigger count_changed after update on run_failures
referencing old table as removed new table as added for each statement
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function count_changed_failures();

insert into run_failure_codes (run, code, count) select run, code, count(*) from run_failures group by run, code;

create trigger hold_shard before insert or update or delete on run_failure_codes for each statement
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_first_shard();

-- How far what a run made of a photo is from what it put aside, in ΔE2000.
alter table earlier_renditions add column difference real;

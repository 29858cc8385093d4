-- The renditions of a photo, a row each until now, become values in the photo's own row (rendition-value.ts): those made
-- before it was ready, and those made after. `''` says that none are made after. They are moved while the table
-- `renditions` is written to: triggers keep the values equal to its rows until 012 drops it.
alter table photos
  add column renditions bytea,
  add column later_renditions bytea,
  -- the recipes that the edition shown was made by; null: earlier ones
  add column recipe int,
  -- when it was posted, in milliseconds since 1970: feeds sort by it
  add column posted_at bigint;

-- Editions that photos had before. Their objects are deleted when they are due; until then one can be shown again.
create table earlier_renditions (
  photo_id bigint not null references photos on delete cascade,
  edition int not null,
  filter text,
  strength double precision,
  renditions bytea not null,
  later_renditions bytea,
  due_at timestamptz not null,
  -- its objects are being deleted, so it can't be shown again
  is_doomed boolean not null default false,
  primary key (photo_id, edition)
);
create index earlier_renditions_due on earlier_renditions (due_at);

create trigger hold_shard before insert or update or delete on earlier_renditions for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_rendition();

create function posted_at_of(id bigint) returns bigint
language sql immutable parallel safe
return (id >> 23) + 1704067200000;

create function old_number(value int) returns bytea
language sql immutable
return (
  select string_agg(decode(lpad(to_hex((value >> 7 * n & 127) | case when value >> 7 * (n + 1) > 0 then 128 else 0 end), 2, '0'), 'hex'), '' order by n)
  from generate_series(0, 4) n where n = 0 or value >> 7 * n > 0
);

create function old_value(r renditions) returns bytea
language sql immutable
return set_byte('\x00', 0, array_position('{thumb,small,medium,feed,full}', r.preset))
  || old_number(r.width) || old_number(r.height) || '\x01'
  || set_byte('\x00', 0, array_position('{jpeg,webp,avif}', r.format)) || decode(r.digest, 'hex') || old_number(r.bytes);

-- Makes the values of these photos equal to their rows.
create function fold_renditions(ids bigint[]) returns void
language plpgsql
as $$
begin
  -- in their order, as everybody who locks several
  perform from photos where id = any(ids) order by id for update;

  update photos p set
    posted_at = coalesce(p.posted_at, posted_at_of(p.id)),
    renditions = shown.first,
    later_renditions = case when p.status = 'ready'
      then coalesce(shown.later, case when p.avif_edition = p.edition then '\x'::bytea end) end
  from photos old left join lateral (
    select
      string_agg(old_value(r), '' order by array_position('{thumb,small,medium,feed,full}', preset), r.format) filter (where r.format <> 'avif') as first,
      string_agg(old_value(r), '' order by array_position('{thumb,small,medium,feed,full}', preset)) filter (where r.format = 'avif') as later
    from renditions r
    where r.photo_id = old.id and r.retired_at is null and r.edition = old.edition
      and (r.filter, r.strength) is not distinct from (old.filter, old.strength)
  ) shown on true
  where p.id = old.id and old.id = any(ids);

  delete from earlier_renditions where photo_id = any(ids);
  insert into earlier_renditions (photo_id, edition, filter, strength, renditions, later_renditions, due_at, is_doomed)
  select photo_id, r.edition,
    -- an upload with a look had one edition of two looks
    (array_agg(r.filter order by is_doomed, r.filter nulls first))[1],
    (array_agg(r.strength order by is_doomed, r.filter nulls first))[1],
    coalesce(string_agg(old_value(r), '') filter (where r.format <> 'avif'), ''),
    string_agg(old_value(r), '') filter (where r.format = 'avif'),
    -- no delivery URL lives for longer
    max(coalesce(r.retired_at, now())) + interval '30 days',
    bool_and(is_doomed)
  from renditions r join photos p on p.id = photo_id
  where photo_id = any(ids)
    and (r.retired_at is not null or r.edition <> p.edition or (r.filter, r.strength) is distinct from (p.filter, p.strength))
  group by photo_id, r.edition;
end;
$$;

-- Photos that nobody writes to, page by page, so that nobody waits for long. What was begun is not done again.
create procedure fold_all_renditions()
language plpgsql
as $$
declare
  after bigint := 0;
  ids bigint[];
begin
  loop
    select array_agg(id order by id) into ids
    from (select id from photos where id > after order by id limit 200) page;
    exit when ids is null;
    begin
      perform fold_renditions(array(
        select id from photos p join shards s on s.shard = shard_of(id) and s.state = 'here'
        where id = any(ids) and posted_at is null));
      -- what a move copies, or has left behind
      perform set_config('darkroom.moves_shards', 'yes', true);
      perform fold_renditions(array(select id from photos where id = any(ids) and posted_at is null));
      perform set_config('darkroom.moves_shards', '', true);
      after := ids[array_upper(ids, 1)];
    exception when deadlock_detected or sqlstate 'DR001' then
      -- somebody wrote to the same photos, or a shard moved away: once more
    end;
    commit;
  end loop;
end;
$$;

create function fold_changed_renditions() returns trigger
language plpgsql
as $$
begin
  perform fold_renditions(array(select distinct photo_id from changed));
  return null;
end;
$$;

create trigger fold_inserted after insert on renditions referencing new table as changed
for each statement execute function fold_changed_renditions();
create trigger fold_updated after update on renditions referencing new table as changed
for each statement execute function fold_changed_renditions();
create trigger fold_deleted after delete on renditions referencing old table as changed
for each statement execute function fold_changed_renditions();

create function fold_changed_photo() returns trigger
language plpgsql
as $$
begin
  perform fold_renditions(array[new.id]);
  return null;
end;
$$;

create trigger fold_changed after update on photos for each row
when ((old.edition, old.filter, old.strength, old.avif_edition, old.status)
  is distinct from (new.edition, new.filter, new.strength, new.avif_edition, new.status))
execute function fold_changed_photo();

create function fold_new_photo() returns trigger
language plpgsql
as $$
begin
  new.posted_at := coalesce(new.posted_at, posted_at_of(new.id));
  return new;
end;
$$;

create trigger fold_new before insert on photos for each row execute function fold_new_photo();

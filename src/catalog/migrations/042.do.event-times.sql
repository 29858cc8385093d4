-- How long what is told took, in milliseconds: from intake, or from its owner's change, until a worker began; and from then on
-- until it is shown. Null where nobody waited for it.
alter table photo_events add column waited_ms int, add column developed_ms int;

drop function add_photo_event(photos, text, boolean);

-- The id's shard is locked until the transaction ends, by its row of shard_clocks: whoever writes the next event of the shard
-- waits, so that nobody sees that one without this one.
-- Who shows what a worker made says in `darkroom.developed_ms` how long that took, by the worker's clock: `since` and now are by
-- the database's own.
create function add_photo_event(photo photos, type text, is_new boolean, since timestamptz) returns void
language plpgsql
as $$
declare
  developed int := case when since is not null then nullif(current_setting('darkroom.developed_ms', true), '')::int end;
begin
  insert into photo_events (id, owner, photo_id, type, visibility, is_new, failure_code, waited_ms, developed_ms)
  values (
    next_photo_id(shard_of(photo.id)), photo.owner, photo.id, type, photo.visibility,
    is_new and photo.status = 'ready' and photo.visibility = 'public' and photo.imported_by is null
      and to_timestamp(photo.posted_at / 1000) > now() - interval '1 day',
    case when photo.status = 'failed' then photo.failure_code end,
    least(greatest(extract(epoch from now() - since) * 1000 - developed, 0), 2147483647)::int,
    developed);
end;
$$;

create or replace function tell_of_photo() returns trigger
language plpgsql
as $$
begin
  if new.deleted_at is not null then
    perform add_photo_event(new, 'photo.deleted', false, null);
    return null;
  end if;
  if old.status <> new.status and new.status <> 'processing' and (new.imported_by is null or old.status = 'ready') then
    -- Nobody else saw it before.
    perform add_photo_event(
      new, 'photo.' || new.status, true, case when new.status = 'ready' then old.written_at end);
  end if;
  if old.visibility <> new.visibility then
    -- It may have been public before. Events are kept for a day at least, and those of a photo come after its own id.
    perform add_photo_event(new, 'photo.visibility', not exists (
      select from photo_events e
      where e.owner = new.owner and (e.owner, e.id) > (new.owner, new.id) and e.photo_id = new.id and e.is_new), null);
  end if;
  if old.status = 'ready' and new.status = 'ready' and old.wanted_at is not null and new.wanted_at is null then
    perform add_photo_event(new, 'photo.look', false, old.wanted_at);
  end if;
  return null;
end;
$$;

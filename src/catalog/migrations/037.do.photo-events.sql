-- What happened to photos, for who is to be told of it; with the owner's shard.
create table photo_events (
  -- one of the shard, as photos have: their order is that in which these events were committed
  id bigint primary key,
  owner text collate "C" not null,
  photo_id bigint not null,
  type text not null,
  -- that of the photo from then on, or of one that was removed until then
  visibility text not null,
  -- the owner's followers are to know: others see it for the first time, within a day of when it was posted
  is_new boolean not null,
  failure_code text,
  -- whom the operator wants to know of it was told
  is_told boolean not null default false,
  -- of whoever wrote the row into this database, be it a move
  xid xid8 not null
);
create index photo_events_of_owner on photo_events (owner, id);
create index photo_events_of_shard on photo_events (shard_start(shard_of(id)), id);
create index photo_events_told on photo_events (is_told, id);
create index photo_events_written on photo_events (xid);

create trigger hold_shard before insert or update or delete on photo_events for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

create function note_writer() returns trigger
language plpgsql
as $$
begin
  new.xid := pg_current_xact_id();
  return new;
end;
$$;

create trigger note_writer before insert on photo_events for each row execute function note_writer();

-- The id's shard is locked until the transaction ends, by its row of shard_clocks: whoever writes the next event of the shard
-- waits, so that nobody sees that one without this one.
create function add_photo_event(photo photos, type text, is_new boolean) returns void
language plpgsql
as $$
begin
  insert into photo_events (id, owner, photo_id, type, visibility, is_new, failure_code)
  values (
    next_photo_id(shard_of(photo.id)), photo.owner, photo.id, type, photo.visibility,
    is_new and photo.status = 'ready' and photo.visibility = 'public' and photo.imported_by is null
      and to_timestamp(photo.posted_at / 1000) > now() - interval '1 day',
    case when photo.status = 'failed' then photo.failure_code end);
end;
$$;

-- What an import does to the photos it takes in is no news, nor is what is made anew in the look that a photo has: only what
-- happens to one that was uploaded, and what its owner asks for.
create function tell_of_photo() returns trigger
language plpgsql
as $$
begin
  if new.deleted_at is not null then
    perform add_photo_event(new, 'photo.deleted', false);
    return null;
  end if;
  if old.status <> new.status and new.status <> 'processing' and (new.imported_by is null or old.status = 'ready') then
    -- Nobody else saw it before.
    perform add_photo_event(new, 'photo.' || new.status, true);
  end if;
  if old.visibility <> new.visibility then
    -- It may have been public before. Events are kept for a day at least, and those of a photo come after its own id.
    perform add_photo_event(new, 'photo.visibility', not exists (
      select from photo_events e
      where e.owner = new.owner and (e.owner, e.id) > (new.owner, new.id) and e.photo_id = new.id and e.is_new));
  end if;
  if old.status = 'ready' and new.status = 'ready' and old.wanted_at is not null and new.wanted_at is null then
    perform add_photo_event(new, 'photo.look', false);
  end if;
  return null;
end;
$$;

-- A photo that is inserted as ready was adopted.
create trigger tell_of_photo after update on photos for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes' and old.deleted_at is null and (
  new.deleted_at is not null or old.status <> new.status or old.visibility <> new.visibility
  or (old.wanted_at is not null and new.wanted_at is null)))
execute function tell_of_photo();

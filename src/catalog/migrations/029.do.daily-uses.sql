-- What an owner who has a limit uploaded on the last day that one of theirs was taken in: one row each, which begins anew when
-- the day turns, in UTC. It is named by the photo that made it, so it lies in the owner's shard.
create table daily_uses (
  photo_id bigint primary key,
  owner text not null unique,
  day date not null,
  photos bigint not null,
  bytes bigint not null
) with (fillfactor = 70);
create index daily_uses_of_shard on daily_uses (shard_start(shard_of(photo_id)), photo_id);

create trigger hold_shard before insert or update or delete on daily_uses for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_rendition();

-- Counts a photo in the statement that records it, so what is not recorded is not counted; past a limit neither is done, but
-- DR002 raised. A limit of null is none. Of two at once the second waits for the first one's row.
create function count_upload(uploader text, photo bigint, size bigint, most_photos bigint, most_bytes bigint)
returns boolean
language plpgsql volatile
as $$
declare
  today date := (now() at time zone 'UTC')::date;
  used daily_uses;
begin
  if most_photos is null and most_bytes is null then
    return true;
  end if;
  -- A transaction that began before midnight may find a row of the day after it.
  insert into daily_uses as found (photo_id, owner, day, photos, bytes) values (photo, uploader, today, 1, size)
  on conflict (owner) do update set
    day = greatest(found.day, today),
    photos = case when found.day < today then 0 else found.photos end + 1,
    bytes = case when found.day < today then 0 else found.bytes end + size
  returning * into used;
  if used.photos > most_photos or used.bytes > most_bytes then
    raise exception 'photo % is past a daily limit', photo using errcode = 'DR002';
  end if;
  return true;
end;
$$;

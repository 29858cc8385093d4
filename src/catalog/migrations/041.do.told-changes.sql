-- Until then, servers rely on nothing that they remember of heads and followings: somebody could not tell them of a change.
alter table installation add column silent_until timestamptz not null default '-infinity';

-- Whoever changes what others see of an owner, or whom a viewer follows, is told whose it is, whatever client_min_messages
-- says; a server tells all others before it answers.
create function tell_change(whose text) returns void
language plpgsql
as $$
begin
  raise info 'changed: %', whose using errcode = 'DR003', detail = whose;
end;
$$;

create or replace function renew_head(whose text, shard int) returns void
language plpgsql
as $$
begin
  -- Who changes photos of the same owner waits for the others here: the look at the photos sees what they did.
  perform from heads where owner = whose for update;
  if not found then
    insert into heads (owner, id, version) values (whose, named_id(shard, whose), 0) on conflict (owner) do nothing;
    perform from heads where owner = whose for update;
  end if;
  update heads set version = next_version(version), (posted_at, photo_id) = (
    select p.posted_at, p.id from photos p
    where hashtext(p.owner) = hashtext(whose) and p.owner = whose and p.deleted_at is null
      and (case when p.visibility = 'public' then p.status = 'ready' else false end)
    order by p.posted_at desc, p.id desc limit 1)
  where owner = whose;
  perform tell_change(whose);
end;
$$;

create function tell_following() returns trigger
language plpgsql
as $$
begin
  perform tell_change(coalesce(new.viewer, old.viewer));
  return null;
end;
$$;

create trigger tell_following after insert or update or delete on following for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function tell_following();

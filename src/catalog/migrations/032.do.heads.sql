-- The newest of an owner's photos that others see, and a version of all that they see of the owner: another after each change,
-- never one of before. With the owner's shard. A head stays when the last photo goes, as its version must go on.
create table heads (
  owner text collate "C" primary key,
  id bigint not null,
  version bigint not null,
  posted_at bigint,
  photo_id bigint
) with (fillfactor = 70);
create index heads_in_shards on heads (id);

create trigger hold_shard before insert or update or delete on heads for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_photo();

create function renew_head(whose text, shard int) returns void
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
end;
$$;

-- Every statement that changes what others see of an owner renews their head, once, in its own transaction. Owners in one
-- order, so that two statements wait for each other and not for ever.
create function renew_heads() returns trigger
language plpgsql
as $$
begin
  perform renew_head(owner, shard) from (
    select distinct owner, shard_of(id) as shard from changed
    where deleted_at is null and visibility = 'public' and status = 'ready' order by owner
  ) shown;
  return null;
end;
$$;

create function renew_heads_of_updated() returns trigger
language plpgsql
as $$
begin
  perform renew_head(owner, shard) from (
    select distinct owner, shard_of(id) as shard from (table before union all table after) changed
    where deleted_at is null and visibility = 'public' and status = 'ready' order by owner
  ) shown;
  return null;
end;
$$;

create trigger renew_heads_of_inserted after insert on photos referencing new table as changed
for each statement when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function renew_heads();

create trigger renew_heads_of_updated after update on photos referencing old table as before new table as after
for each statement when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function renew_heads_of_updated();

create trigger renew_heads_of_deleted after delete on photos referencing old table as changed
for each statement when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function renew_heads();

-- The heads of owners who have none yet, page by page, so that nobody waits for long. Again changes nothing.
create procedure add_heads()
language plpgsql
as $$
declare
  after bigint := 0;
  ids bigint[];
begin
  loop
    ids := array(select id from photos where id > after order by id limit 1000);
    exit when cardinality(ids) = 0;
    begin
      perform renew_head(owner, shard) from (
        select distinct p.owner, s.shard::int as shard
        from photos p join shards s on s.shard = shard_of(p.id) and s.state = 'here'
        where p.id = any(ids) and p.deleted_at is null and p.visibility = 'public' and p.status = 'ready'
          and not exists (select from heads h where h.owner = p.owner)
        order by p.owner
      ) without;
      after := ids[array_upper(ids, 1)];
    exception when deadlock_detected or sqlstate 'DR001' then
      -- somebody wrote to the same photos, or a shard moved away: once more
    end;
    commit;
  end loop;
end;
$$;

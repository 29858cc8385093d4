-- By which run a photo came in, that was imported.
alter table photos add column imported_by int;

-- What a photo is called in the system that it came from. One may have several names: its bytes were there several times.
create table external_ids (
  source text not null,
  external_id text not null,
  owner text not null,
  photo_id bigint not null references photos on delete cascade,
  primary key (external_id, source, owner)
);
create index external_ids_of_photo on external_ids (photo_id);

create trigger hold_shard before insert or update or delete on external_ids for each row
when (current_setting('darkroom.moves_shards', true) is distinct from 'yes')
execute function hold_shard_of_rendition();

-- A photo's renditions come in editions, one for each change of its look. Viewers see one edition; keys are made
-- of it, so that no key is ever used again after its object was deleted.
alter table photos
  -- the edition that is shown
  add column edition int not null default 0,
  -- counts the changes asked for
  add column changes int not null default 0,
  -- the last change asked for, while it is made: its look, and since when it is waited for
  add column wanted_filter text,
  add column wanted_strength double precision,
  add column wanted_at timestamptz;

alter table renditions
  add column edition int not null default 0,
  -- since when it is not shown any more; delivery URLs for it may be valid for a while
  add column retired_at timestamptz,
  -- its object is being deleted, so it can't be shown again
  add column is_doomed boolean not null default false;

create index photos_changing on photos (id) where wanted_at is not null and deleted_at is null;
create index renditions_retired on renditions (retired_at) where retired_at is not null;

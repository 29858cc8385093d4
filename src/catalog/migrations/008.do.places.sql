-- A photo's place in the store: 64 random bits stand in the keys of its renditions, and others when it gets another
-- visibility. Null for photos of before: theirs lie under `renditions/`, until the sweep gives them a secret.
alter table photos
  add column secret bytea,
  -- what it shows, in words for those who can't see it
  add column alt text,
  -- earlier editions were cut around another focus
  add column focus_edition int,
  -- the focus asked for last, while it is made
  add column wanted_focus_x double precision,
  add column wanted_focus_y double precision,
  -- what the places it has left begin with: whatever lies there is deleted
  add column left_places text[],
  -- when it left the last of them, and when they are to be looked at next
  add column left_at timestamptz,
  add column left_due_at timestamptz;

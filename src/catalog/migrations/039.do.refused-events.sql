-- Of an event that the app's webhook refused when it was sent by itself: how often, when it is sent again, and why.
alter table photo_events
  add column refusals smallint not null default 0,
  add column retry_at timestamptz,
  add column refusal text;

-- Who does what only one process shall do at a time, until when, and how far it has come.
create table leases (
  name text primary key,
  holder text not null,
  expires_at timestamptz not null,
  progress jsonb
);

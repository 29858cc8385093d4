-- What opens the console, once: known by its hash, and good for minutes. It lies beside shard 0, and stays behind when that moves.
create table console_codes (
  hash bytea primary key,
  owner text not null,
  is_operator boolean not null,
  expires_at timestamptz not null
);
create index console_codes_expired on console_codes (expires_at);

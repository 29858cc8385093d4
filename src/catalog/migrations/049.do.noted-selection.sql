-- What a server finds out for a run, such as what it draws of its photos, steers it no more than a step does: whoever has seen the
-- run before may act on it.
create or replace function note_run_change() returns trigger
language plpgsql
as $$
declare
  found text[] := '{canary,sample}';
begin
  if (new.state, new.reason, new.selection - found) is not distinct from (old.state, old.reason, old.selection - found) then
    return new;
  end if;
  new.version := old.version + 1;
  new.changed_at := now();
  if old.state = 'running' and new.state <> 'running' then
    new.ran := old.ran + (now() - coalesce(old.running_since, old.created_at));
    new.running_since := null;
  elsif old.state <> 'running' and new.state = 'running' then
    new.running_since := now();
  end if;
  return new;
end;
$$;

-- And by which line of it. Those of imports before this have none.
alter table photos add column imported_line bigint;

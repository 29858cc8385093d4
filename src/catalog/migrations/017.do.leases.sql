-- `run_parts` has taken its place since 010.
drop table leases;

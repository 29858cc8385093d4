-- Each photo is written three times, and what it was before fills its indexes until it is vacuumed: after 5 % of the photos
-- instead of 20.
alter table photos set (autovacuum_vacuum_scale_factor = 0.05);

drop index concurrently if exists following_in_versions;
-- Who has changed whom they follow of late.
create index concurrently following_in_versions on following (version);

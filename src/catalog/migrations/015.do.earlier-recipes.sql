-- The recipes that an edition was made by, so that one shown again tells the truth of itself; null: several, or earlier ones.
alter table earlier_renditions add column recipe int;

-- Each act bears a MAC under a key that is outside the database, so that who owns the database alone adds none. NULL: an
-- earlier release has written it.
ALTER TABLE audit ADD COLUMN mac BYTEA;

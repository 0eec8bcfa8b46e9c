-- A session that began with a client certificate ends with it. Those that are under way do not say by what they began.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN certificate BLOB;

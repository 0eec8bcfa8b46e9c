-- People who come from a directory.
ALTER TABLE users DROP CONSTRAINT users_source_check;
ALTER TABLE users ADD CONSTRAINT users_source_check
    CHECK (source IN ('local', 'issuer', 'directory', 'directory-disabled'));
CREATE INDEX users_directory ON users (uuid) WHERE source = 'directory';

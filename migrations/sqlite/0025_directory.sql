-- People who come from a directory. A check cannot be changed, so users are brought into a new table (foreign keys are
-- off meanwhile).
CREATE TABLE users_with_directory (
    seq        INTEGER PRIMARY KEY,
    uuid       BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL UNIQUE,
    groups     TEXT NOT NULL,
    upn        TEXT,
    email      TEXT,
    sid        TEXT,
    disabled   INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    source     TEXT NOT NULL CHECK (source IN ('local', 'issuer', 'directory', 'directory-disabled')),
    attributes TEXT NOT NULL DEFAULT '{}',
    changes    INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO users_with_directory (seq, uuid, name, groups, upn, email, sid, disabled, source, attributes, changes)
    SELECT seq, uuid, name, groups, upn, email, sid, disabled, source, attributes, changes FROM users;

DROP TABLE users;
ALTER TABLE users_with_directory RENAME TO users;
CREATE INDEX users_directory ON users (uuid) WHERE source = 'directory';

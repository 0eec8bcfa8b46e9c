-- Who calls: people without their tokens, who now have any number of them, and sessions begun after another way in.
-- A column that is unique cannot be dropped, so users are brought into a new table (foreign keys are off meanwhile).
CREATE TABLE users_without_tokens (
    seq      INTEGER PRIMARY KEY,
    uuid     BLOB NOT NULL UNIQUE,
    name     TEXT NOT NULL UNIQUE,
    groups   TEXT NOT NULL,
    upn      TEXT,
    email    TEXT,
    sid      TEXT,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    source   TEXT NOT NULL CHECK (source IN ('local', 'issuer'))
) STRICT;

INSERT INTO users_without_tokens (seq, uuid, name, groups, upn, email, sid, disabled, source)
    SELECT seq, uuid, name, groups, upn, email, NULL, FALSE, 'local' FROM users;

-- A token keeps its row when it is revoked: the log of acts names it.
CREATE TABLE tokens (
    seq       INTEGER PRIMARY KEY,
    uuid      BLOB NOT NULL UNIQUE,
    owner     BLOB NOT NULL REFERENCES users (uuid),
    label     TEXT NOT NULL,
    hash      BLOB NOT NULL UNIQUE,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    last_used INTEGER,
    revoked   INTEGER
) STRICT;

CREATE INDEX tokens_owner ON tokens (owner);

-- A user's own uuid names the one token that every user had.
INSERT INTO tokens (uuid, owner, label, hash, created, expires)
    SELECT uuid, uuid, 'first', token_hash, 0, token_expires FROM users ORDER BY seq;

DROP TABLE users;
ALTER TABLE users_without_tokens RENAME TO users;
CREATE INDEX users_upn ON users (lower(upn)) WHERE upn IS NOT NULL;
CREATE INDEX users_email ON users (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE sessions (
    seq       INTEGER PRIMARY KEY,
    uuid      BLOB NOT NULL UNIQUE,
    owner     BLOB NOT NULL REFERENCES users (uuid),
    hash      BLOB NOT NULL UNIQUE,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_owner ON sessions (owner);

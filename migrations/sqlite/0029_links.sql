-- Links by which people sign in once, for some minutes; only the hash of a link's code is kept. used: NULL until somebody has.
CREATE TABLE links (
    seq       INTEGER PRIMARY KEY,
    uuid      BLOB NOT NULL UNIQUE,
    owner     BLOB NOT NULL REFERENCES users (uuid),
    hash      BLOB NOT NULL UNIQUE,
    created   INTEGER NOT NULL,
    ends      INTEGER NOT NULL,
    used      INTEGER,
    -- The address from which it was used.
    used_from TEXT,
    changes   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX links_owner ON links (owner);

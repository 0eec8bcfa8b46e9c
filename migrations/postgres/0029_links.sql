-- Links by which people sign in once, for some minutes; only the hash of a link's code is kept. used: NULL until somebody has.
CREATE TABLE links (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid      UUID NOT NULL UNIQUE,
    owner     UUID NOT NULL REFERENCES users (uuid),
    hash      BYTEA NOT NULL UNIQUE,
    created   BIGINT NOT NULL,
    ends      BIGINT NOT NULL,
    used      BIGINT,
    -- The address from which it was used.
    used_from TEXT,
    changes   BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX links_owner ON links (owner);

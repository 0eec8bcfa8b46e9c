-- Who calls: people without their tokens, who now have any number of them, and sessions begun after another way in.
ALTER TABLE users
    ADD COLUMN sid TEXT,
    ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN source TEXT NOT NULL DEFAULT 'local' CHECK (source IN ('local', 'issuer'));

-- A token keeps its row when it is revoked: the log of acts names it.
CREATE TABLE tokens (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid      UUID NOT NULL UNIQUE,
    owner     UUID NOT NULL REFERENCES users (uuid),
    label     TEXT NOT NULL,
    hash      BYTEA NOT NULL UNIQUE,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    last_used BIGINT,
    revoked   BIGINT
);

CREATE INDEX tokens_owner ON tokens (owner);

-- A user's own uuid names the one token that every user had.
INSERT INTO tokens (uuid, owner, label, hash, created, expires)
    SELECT uuid, uuid, 'first', token_hash, 0, token_expires FROM users ORDER BY seq;

ALTER TABLE users DROP COLUMN token_hash, DROP COLUMN token_expires;
CREATE INDEX users_upn ON users (lower(upn)) WHERE upn IS NOT NULL;
CREATE INDEX users_email ON users (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE sessions (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid      UUID NOT NULL UNIQUE,
    owner     UUID NOT NULL REFERENCES users (uuid),
    hash      BYTEA NOT NULL UNIQUE,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    last_used BIGINT NOT NULL
);

CREATE INDEX sessions_owner ON sessions (owner);

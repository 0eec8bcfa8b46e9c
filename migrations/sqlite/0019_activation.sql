-- A bearer token is made by its owner, with a code that holds once and for a short time; only the code's hash is kept.
ALTER TABLE tokens ADD COLUMN activation BLOB;
ALTER TABLE tokens ADD COLUMN activation_ends INTEGER;
ALTER TABLE tokens ADD COLUMN activated INTEGER;
-- The address from which the code was used.
ALTER TABLE tokens ADD COLUMN activated_from TEXT;
CREATE UNIQUE INDEX tokens_activation ON tokens (activation) WHERE activation IS NOT NULL;

-- What one administrator proposes and another one confirms. change: JSON. decided: NULL while it is open.
CREATE TABLE proposals (
    seq         INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE,
    account     BLOB NOT NULL,
    change      TEXT NOT NULL,
    proposer    BLOB NOT NULL REFERENCES users (uuid),
    proposed    INTEGER NOT NULL,
    ends        INTEGER NOT NULL,
    decider     BLOB REFERENCES users (uuid),
    decided     INTEGER,
    confirmed   INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    changes     INTEGER NOT NULL DEFAULT 0
) STRICT;

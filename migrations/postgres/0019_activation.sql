-- A bearer token is made by its owner, with a code that holds once and for a short time; only the code's hash is kept.
ALTER TABLE tokens ADD COLUMN activation BYTEA;
ALTER TABLE tokens ADD COLUMN activation_ends BIGINT;
ALTER TABLE tokens ADD COLUMN activated BIGINT;
-- The address from which the code was used.
ALTER TABLE tokens ADD COLUMN activated_from TEXT;
CREATE UNIQUE INDEX tokens_activation ON tokens (activation) WHERE activation IS NOT NULL;

-- What one administrator proposes and another one confirms. change: JSON. decided: NULL while it is open.
CREATE TABLE proposals (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid        UUID NOT NULL UNIQUE,
    account     UUID NOT NULL,
    change      TEXT NOT NULL,
    proposer    UUID NOT NULL REFERENCES users (uuid),
    proposed    BIGINT NOT NULL,
    ends        BIGINT NOT NULL,
    decider     UUID REFERENCES users (uuid),
    decided     BIGINT,
    confirmed   BOOLEAN NOT NULL,
    changes     BIGINT NOT NULL DEFAULT 0
);

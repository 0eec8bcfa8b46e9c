-- What names people, folded by letter case and Unicode form, so that no two of them are told apart by that alone. It is
-- derived from the users, and filled in for those of an earlier release at the next start.
CREATE TABLE folded_names (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner  UUID NOT NULL REFERENCES users (uuid),
    kind   TEXT NOT NULL CHECK (kind IN ('name', 'upn', 'email', 'sid')),
    folded TEXT NOT NULL,
    UNIQUE (owner, kind)
);
CREATE INDEX folded_names_folded ON folded_names (kind, folded);
DROP INDEX users_upn;
DROP INDEX users_email;
INSERT INTO meta (name, value) SELECT 'unfolded-names', decode('01', 'hex') WHERE EXISTS (SELECT 1 FROM users);
-- Changed with every user that is written, so that of two servers that write one at the same moment the second waits.
INSERT INTO counters (name, value) VALUES ('people', 0);

-- Whom an issuer means by a subject. The pair is kept, for names change hands.
CREATE TABLE identities (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid    UUID NOT NULL UNIQUE,
    owner   UUID NOT NULL REFERENCES users (uuid),
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    changes BIGINT NOT NULL DEFAULT 0,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_owner ON identities (owner);

-- When the server has issued a certificate; 0: before that was noted. user_held: on hold because its owner is disabled.
ALTER TABLE certificates ADD COLUMN issued BIGINT NOT NULL DEFAULT 0;
ALTER TABLE certificates ADD COLUMN user_held BOOLEAN NOT NULL DEFAULT FALSE;

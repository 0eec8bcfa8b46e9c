-- One outbox for everything that people and programs are told, what became of each, and how far was told.
CREATE TABLE notices (
    uuid       BLOB PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    way        TEXT NOT NULL,
    recipient  BLOB REFERENCES users (uuid),
    address    TEXT NOT NULL,
    request    BLOB REFERENCES requests (uuid),
    part       INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    facts      TEXT NOT NULL,
    created    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    ends       INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    doubtful   INTEGER NOT NULL CHECK (doubtful IN (0, 1)),
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'discarded')),
    reason     TEXT NOT NULL,
    settled    INTEGER
) STRICT;

-- A one-time password that was still to be mailed, as before: no password stands here.
INSERT INTO notices (uuid, kind, way, recipient, address, request, part, generation, facts, created, due, ends, attempts,
    doubtful, state, reason)
    SELECT randomblob(16), 'one-time-password', 'mail', recipient, '', request, part, generation, '{}', due, due,
        due + 14400000000, attempts, attempts > 0, 'waiting', '' FROM outbox;

DROP TABLE outbox;
ALTER TABLE notices RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (way, due) WHERE state = 'waiting';
CREATE INDEX outbox_ends ON outbox (ends) WHERE state = 'waiting';
CREATE INDEX outbox_recipient ON outbox (recipient, created);
CREATE INDEX outbox_address ON outbox (address, created) WHERE recipient IS NULL;
CREATE INDEX outbox_request ON outbox (request) WHERE state = 'waiting';
CREATE INDEX outbox_settled ON outbox (settled);
CREATE INDEX certificates_ending_software ON certificates (not_after)
    WHERE revoked_at IS NULL AND superseded = FALSE AND smartcard IS NULL;

-- How far the log of acts, the ends of certificates and failures were told of.
CREATE TABLE told (
    name TEXT PRIMARY KEY NOT NULL,
    mark INTEGER NOT NULL
) STRICT;

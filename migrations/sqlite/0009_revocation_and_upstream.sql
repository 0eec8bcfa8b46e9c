-- What certificates say of a person besides name, UPN, mailbox and SID.
ALTER TABLE users ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';

-- When a certificate was last taken off hold; a delta list must say so.
ALTER TABLE certificates ADD COLUMN hold_released INTEGER;
CREATE INDEX certificates_released ON certificates (hold_released) WHERE hold_released IS NOT NULL;
-- Long lists are read in pages, in this order.
CREATE INDEX certificates_revoked_seq ON certificates (seq) WHERE revoked_at IS NOT NULL;

-- Raised by every job that revokes or releases: a list made before is no longer true.
INSERT INTO counters (name, value) VALUES ('revocations', 0);

-- The latest list of each kind, as it is served. One instance at a time makes it: the one whose number stands in claim.
CREATE TABLE crls (
    kind          TEXT PRIMARY KEY NOT NULL CHECK (kind IN ('base', 'delta')),
    number        INTEGER NOT NULL,
    base          INTEGER NOT NULL,
    this_update   INTEGER NOT NULL,
    next_update   INTEGER NOT NULL,
    revocations   INTEGER NOT NULL,
    next_due      INTEGER,
    der           BLOB NOT NULL,
    claim         INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL
) STRICT;

INSERT INTO crls (kind, number, base, this_update, next_update, revocations, der, claim, claimed_until)
VALUES ('base', 0, 0, 0, 0, 0, x'', 0, 0), ('delta', 0, 0, 0, 0, 0, x'', 0, 0);

-- What was ordered from a CA elsewhere. Its certificates are on that CA's lists, not on this one's.
CREATE TABLE upstream_orders (
    seq               INTEGER PRIMARY KEY,
    public_key_sha256 BLOB NOT NULL,
    csr               BLOB NOT NULL,
    ticket            BLOB NOT NULL,
    ordered           INTEGER NOT NULL,
    next_poll         INTEGER NOT NULL,
    polls             INTEGER NOT NULL,
    failure           TEXT,
    serial            BLOB,
    certificate       BLOB,
    revocation_told   INTEGER
) STRICT;

CREATE INDEX upstream_orders_key ON upstream_orders (public_key_sha256);
CREATE INDEX upstream_orders_serial ON upstream_orders (serial) WHERE serial IS NOT NULL;
CREATE INDEX upstream_orders_waiting ON upstream_orders (next_poll) WHERE serial IS NULL AND failure IS NULL;

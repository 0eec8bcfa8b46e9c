-- Times are microseconds since 1970-01-01T00:00:00Z; UUIDs and digests are BLOBs; states are the words of src/store/spelling.rs.
--
-- Lists are read newest first. Each index ends in the rowid by SQLite's own rule, so "WHERE target = x ORDER BY seq DESC
-- LIMIT n" walks n entries of one index whether the table holds a hundred rows or a million; nothing is sorted, nothing
-- is scanned. Unique keys whose values grow with time (serials, version 7 UUIDs) are appended at the right edge of
-- their tree; random ones would touch a cold page an insert.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;

INSERT INTO counters (name, value) VALUES ('crl', 0);

CREATE TABLE users (
    seq           INTEGER PRIMARY KEY,
    uuid          BLOB NOT NULL UNIQUE,
    name          TEXT NOT NULL UNIQUE,
    groups        TEXT NOT NULL,
    upn           TEXT,
    email         TEXT,
    token_hash    BLOB NOT NULL UNIQUE,
    token_expires INTEGER NOT NULL
) STRICT;

CREATE TABLE requests (
    seq                 INTEGER PRIMARY KEY,
    uuid                BLOB NOT NULL UNIQUE,
    request_type        TEXT NOT NULL,
    status              TEXT NOT NULL,
    originator          BLOB NOT NULL REFERENCES users (uuid),
    target              BLOB NOT NULL REFERENCES users (uuid),
    profile_template    BLOB NOT NULL,
    template_version    INTEGER NOT NULL,
    priority            INTEGER NOT NULL,
    comment             TEXT NOT NULL,
    data                TEXT NOT NULL,
    old_profile         BLOB,
    new_profile         BLOB,
    old_smartcard       BLOB,
    new_smartcard       BLOB,
    submitted           INTEGER NOT NULL,
    completed           INTEGER,
    is_smartcard        INTEGER NOT NULL CHECK (is_smartcard IN (0, 1)),
    is_enrollment_agent INTEGER NOT NULL CHECK (is_enrollment_agent IN (0, 1)),
    CHECK (request_type IN (
        'enroll', 'duplicate', 'offline-unblock', 'online-update', 'renew', 'recover', 'recover-on-behalf', 'reinstate', 'retire', 'revoke', 'temporary-cards', 'unblock'
    )),
    CHECK (status IN (
        'none', 'approved', 'denied', 'completed', 'failed', 'pending', 'canceled', 'executing'
    ))
) STRICT;

CREATE INDEX requests_target ON requests (target);
CREATE INDEX requests_originator ON requests (originator);
CREATE INDEX requests_status ON requests (status);
CREATE INDEX requests_template_status ON requests (profile_template, status);
CREATE INDEX requests_old_smartcard ON requests (old_smartcard) WHERE old_smartcard IS NOT NULL;
CREATE INDEX requests_new_smartcard ON requests (new_smartcard) WHERE new_smartcard IS NOT NULL;
CREATE INDEX requests_old_profile ON requests (old_profile) WHERE old_profile IS NOT NULL;
CREATE INDEX requests_new_profile ON requests (new_profile) WHERE new_profile IS NOT NULL;

-- The key is the rule that nobody decides twice.
CREATE TABLE approvals (
    request  BLOB NOT NULL REFERENCES requests (uuid),
    approver BLOB NOT NULL REFERENCES users (uuid),
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
    comment  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (request, approver)
) STRICT;

CREATE TABLE smartcards (
    seq                INTEGER PRIMARY KEY,
    uuid               BLOB NOT NULL UNIQUE,
    card_id            BLOB NOT NULL,
    atr                TEXT NOT NULL,
    status             TEXT NOT NULL,
    assigned_user      BLOB NOT NULL REFERENCES users (uuid),
    profile_template   BLOB NOT NULL,
    template_version   INTEGER NOT NULL,
    admin_key          TEXT NOT NULL,
    master_key_version INTEGER NOT NULL,
    parent             BLOB,
    primary_smartcard  BLOB,
    permanent          BLOB,
    comment            TEXT NOT NULL,
    CHECK (status IN (
        'new', 'assigned', 'active', 'disabled', 'suspended', 'retired'
    )),
    CHECK (admin_key IN (
        'default', 'proposed', 'active'
    ))
) STRICT;

CREATE INDEX smartcards_user ON smartcards (assigned_user);
CREATE INDEX smartcards_card_id ON smartcards (card_id);
-- A card may be assigned again after it was retired, never while it lives.
CREATE UNIQUE INDEX smartcards_living ON smartcards (card_id) WHERE status <> 'retired';

-- The key is the rule that a request answers one challenge.
CREATE TABLE offline_answers (
    request   BLOB PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    smartcard BLOB NOT NULL REFERENCES smartcards (uuid),
    challenge BLOB NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

CREATE TABLE profiles (
    seq              INTEGER PRIMARY KEY,
    uuid             BLOB NOT NULL UNIQUE,
    status           TEXT NOT NULL,
    assigned_user    BLOB NOT NULL REFERENCES users (uuid),
    smartcard        BLOB REFERENCES smartcards (uuid),
    profile_template BLOB NOT NULL,
    template_version INTEGER NOT NULL,
    parent           BLOB,
    primary_profile  BLOB,
    comment          TEXT NOT NULL,
    CHECK (status IN (
        'new', 'active', 'disabled', 'suspended', 'retired'
    ))
) STRICT;

CREATE INDEX profiles_user ON profiles (assigned_user);
CREATE INDEX profiles_smartcard ON profiles (smartcard) WHERE smartcard IS NOT NULL;

-- Revocation and certificate lists are read by the one issuer whose serials these are.
CREATE TABLE certificates (
    seq                  INTEGER PRIMARY KEY,
    serial               BLOB NOT NULL UNIQUE,
    request              BLOB NOT NULL REFERENCES requests (uuid),
    profile              BLOB NOT NULL REFERENCES profiles (uuid),
    smartcard            BLOB REFERENCES smartcards (uuid),
    owner                BLOB NOT NULL REFERENCES users (uuid),
    template_common_name TEXT NOT NULL,
    thumbprint           BLOB NOT NULL,
    public_key_sha256    BLOB NOT NULL,
    csr_sha256           BLOB NOT NULL,
    der                  BLOB NOT NULL,
    not_before           INTEGER NOT NULL,
    not_after            INTEGER NOT NULL,
    revoked_at           INTEGER,
    revocation_reason    INTEGER,
    superseded           INTEGER NOT NULL CHECK (superseded IN (0, 1)),
    CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))
) STRICT;

-- One certificate a key and request: a repeated submission finds the first answer instead of making a second.
CREATE UNIQUE INDEX certificates_request_key ON certificates (request, public_key_sha256);
-- Whose key is this?
CREATE INDEX certificates_key ON certificates (public_key_sha256);
CREATE INDEX certificates_profile ON certificates (profile);
CREATE INDEX certificates_smartcard ON certificates (smartcard) WHERE smartcard IS NOT NULL;
CREATE INDEX certificates_owner ON certificates (owner);
CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;

-- The answers as they were sent, apart from the certificates so that lists do not drag them along.
CREATE TABLE responses (
    seq   INTEGER PRIMARY KEY,
    serial BLOB NOT NULL UNIQUE REFERENCES certificates (serial),
    pkcs7 BLOB NOT NULL
) STRICT;

-- Times are microseconds since 1970-01-01T00:00:00Z; states are the words of src/store/spelling.rs.
--
-- Lists are read newest first. Each index of a list ends in seq, so "WHERE target = x ORDER BY seq DESC LIMIT n" walks n
-- entries of one index whether the table holds a hundred rows or a million; nothing is sorted, nothing is scanned.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BYTEA NOT NULL
);

CREATE TABLE counters (
    name  TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('crl', 0);

CREATE TABLE users (
    seq           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid          UUID NOT NULL UNIQUE,
    name          TEXT NOT NULL UNIQUE,
    groups        TEXT NOT NULL,
    upn           TEXT,
    email         TEXT,
    token_hash    BYTEA NOT NULL UNIQUE,
    token_expires BIGINT NOT NULL
);

CREATE TABLE requests (
    seq                 BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid                UUID NOT NULL UNIQUE,
    request_type        TEXT NOT NULL,
    status              TEXT NOT NULL,
    originator          UUID NOT NULL REFERENCES users (uuid),
    target              UUID NOT NULL REFERENCES users (uuid),
    profile_template    UUID NOT NULL,
    template_version    BIGINT NOT NULL,
    priority            BIGINT NOT NULL,
    comment             TEXT NOT NULL,
    data                TEXT NOT NULL,
    old_profile         UUID,
    new_profile         UUID,
    old_smartcard       UUID,
    new_smartcard       UUID,
    submitted           BIGINT NOT NULL,
    completed           BIGINT,
    is_smartcard        BOOLEAN NOT NULL,
    is_enrollment_agent BOOLEAN NOT NULL,
    CHECK (request_type IN (
        'enroll', 'duplicate', 'offline-unblock', 'online-update', 'renew', 'recover', 'recover-on-behalf', 'reinstate', 'retire', 'revoke', 'temporary-cards', 'unblock'
    )),
    CHECK (status IN (
        'none', 'approved', 'denied', 'completed', 'failed', 'pending', 'canceled', 'executing'
    ))
);

CREATE INDEX requests_target ON requests (target, seq);
CREATE INDEX requests_originator ON requests (originator, seq);
CREATE INDEX requests_status ON requests (status, seq);
CREATE INDEX requests_template_status ON requests (profile_template, status, seq);
CREATE INDEX requests_old_smartcard ON requests (old_smartcard, seq) WHERE old_smartcard IS NOT NULL;
CREATE INDEX requests_new_smartcard ON requests (new_smartcard, seq) WHERE new_smartcard IS NOT NULL;
CREATE INDEX requests_old_profile ON requests (old_profile, seq) WHERE old_profile IS NOT NULL;
CREATE INDEX requests_new_profile ON requests (new_profile, seq) WHERE new_profile IS NOT NULL;

-- The key is the rule that nobody decides twice.
CREATE TABLE approvals (
    request  UUID NOT NULL REFERENCES requests (uuid),
    approver UUID NOT NULL REFERENCES users (uuid),
    approved BOOLEAN NOT NULL,
    comment  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (request, approver)
);

CREATE TABLE smartcards (
    seq                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid               UUID NOT NULL UNIQUE,
    card_id            UUID NOT NULL,
    atr                TEXT NOT NULL,
    status             TEXT NOT NULL,
    assigned_user      UUID NOT NULL REFERENCES users (uuid),
    profile_template   UUID NOT NULL,
    template_version   BIGINT NOT NULL,
    admin_key          TEXT NOT NULL,
    master_key_version BIGINT NOT NULL,
    parent             UUID,
    primary_smartcard  UUID,
    permanent          UUID,
    comment            TEXT NOT NULL,
    CHECK (status IN (
        'new', 'assigned', 'active', 'disabled', 'suspended', 'retired'
    )),
    CHECK (admin_key IN (
        'default', 'proposed', 'active'
    ))
);

CREATE INDEX smartcards_user ON smartcards (assigned_user, seq);
CREATE INDEX smartcards_card_id ON smartcards (card_id, seq);
-- A card may be assigned again after it was retired, never while it lives.
CREATE UNIQUE INDEX smartcards_living ON smartcards (card_id) WHERE status <> 'retired';

-- The key is the rule that a request answers one challenge.
CREATE TABLE offline_answers (
    request   UUID PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    smartcard UUID NOT NULL REFERENCES smartcards (uuid),
    challenge BYTEA NOT NULL,
    at        BIGINT NOT NULL
);

CREATE TABLE profiles (
    seq              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid             UUID NOT NULL UNIQUE,
    status           TEXT NOT NULL,
    assigned_user    UUID NOT NULL REFERENCES users (uuid),
    smartcard        UUID REFERENCES smartcards (uuid),
    profile_template UUID NOT NULL,
    template_version BIGINT NOT NULL,
    parent           UUID,
    primary_profile  UUID,
    comment          TEXT NOT NULL,
    CHECK (status IN (
        'new', 'active', 'disabled', 'suspended', 'retired'
    ))
);

CREATE INDEX profiles_user ON profiles (assigned_user, seq);
CREATE INDEX profiles_smartcard ON profiles (smartcard, seq) WHERE smartcard IS NOT NULL;

-- Revocation and certificate lists are read by the one issuer whose serials these are.
CREATE TABLE certificates (
    seq                  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial               BYTEA NOT NULL UNIQUE,
    request              UUID NOT NULL REFERENCES requests (uuid),
    profile              UUID NOT NULL REFERENCES profiles (uuid),
    smartcard            UUID REFERENCES smartcards (uuid),
    owner                UUID NOT NULL REFERENCES users (uuid),
    template_common_name TEXT NOT NULL,
    thumbprint           BYTEA NOT NULL,
    public_key_sha256    BYTEA NOT NULL,
    csr_sha256           BYTEA NOT NULL,
    der                  BYTEA NOT NULL,
    not_before           BIGINT NOT NULL,
    not_after            BIGINT NOT NULL,
    revoked_at           BIGINT,
    revocation_reason    BIGINT,
    superseded           BOOLEAN NOT NULL,
    CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))
);

-- One certificate a key and request: a repeated submission finds the first answer instead of making a second.
CREATE INDEX certificates_request ON certificates (request, seq);
CREATE UNIQUE INDEX certificates_request_key ON certificates (request, public_key_sha256);
-- Whose key is this?
CREATE INDEX certificates_key ON certificates (public_key_sha256, seq);
CREATE INDEX certificates_profile ON certificates (profile, seq);
CREATE INDEX certificates_smartcard ON certificates (smartcard, seq) WHERE smartcard IS NOT NULL;
CREATE INDEX certificates_owner ON certificates (owner, seq);
CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;

-- The answers as they were sent, apart from the certificates so that lists do not drag them along.
CREATE TABLE responses (
    seq   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial BYTEA NOT NULL UNIQUE REFERENCES certificates (serial),
    pkcs7 BYTEA NOT NULL
);

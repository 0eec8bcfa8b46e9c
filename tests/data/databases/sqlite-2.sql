-- A database of schema version 2, as dumped by Python's sqlite3 (iterdump): made by that version's migrations, with a row or two in each table.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1129796180;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE approvals (
    request  BLOB NOT NULL REFERENCES requests (uuid),
    approver BLOB NOT NULL REFERENCES users (uuid),
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
    comment  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (request, approver)
) STRICT;
INSERT INTO "approvals" VALUES(X'00000000000000000000000000000010',X'00000000000000000000000000000002',1,'seen',1763800000500000);
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
INSERT INTO "certificates" VALUES(1,X'0102',X'00000000000000000000000000000010',X'00000000000000000000000000000030',X'00000000000000000000000000000020',X'00000000000000000000000000000001','Smart card user',X'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',X'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB',X'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC',X'3000',1763800000000000,1795336000000000,1763900000000000,1,1);
CREATE TABLE counters (
    name  TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO "counters" VALUES('crl',7);
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;
INSERT INTO "meta" VALUES('instance',X'0000000000000000000000000000CAFE');
CREATE TABLE offline_answers (
    request   BLOB PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    smartcard BLOB NOT NULL REFERENCES smartcards (uuid),
    challenge BLOB NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
INSERT INTO "offline_answers" VALUES(X'00000000000000000000000000000010',X'00000000000000000000000000000020',X'0011223344556677',1763800002000000);
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
INSERT INTO "profiles" VALUES(1,X'00000000000000000000000000000030','active',X'00000000000000000000000000000001',X'00000000000000000000000000000020',X'0000000000000000000000000000007E',3,NULL,NULL,'');
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
INSERT INTO "requests" VALUES(1,X'00000000000000000000000000000010','enroll','completed',X'00000000000000000000000000000002',X'00000000000000000000000000000001',X'0000000000000000000000000000007E',3,4,'a card','[["city","Seattle"],["floor",null]]',NULL,X'00000000000000000000000000000030',NULL,X'00000000000000000000000000000020',1763800000000000,1763800001000000,1,0);
INSERT INTO "requests" VALUES(2,X'00000000000000000000000000000011','enroll','pending',X'00000000000000000000000000000002',X'00000000000000000000000000000001',X'0000000000000000000000000000007E',3,4,'a card','[["city","Seattle"],["floor",null]]',NULL,NULL,NULL,NULL,1763800000000000,NULL,1,0);
CREATE TABLE responses (
    seq   INTEGER PRIMARY KEY,
    serial BLOB NOT NULL UNIQUE REFERENCES certificates (serial),
    pkcs7 BLOB NOT NULL
) STRICT;
INSERT INTO "responses" VALUES(1,X'0102',X'3001');
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
    comment            TEXT NOT NULL, puk_state TEXT NOT NULL DEFAULT 'default'
    CHECK (puk_state IN ('default', 'proposed', 'active', 'spoken')), puk_version INTEGER NOT NULL DEFAULT 0, puk_before INTEGER NOT NULL DEFAULT 0,
    CHECK (status IN (
        'new', 'assigned', 'active', 'disabled', 'suspended', 'retired'
    )),
    CHECK (admin_key IN (
        'default', 'proposed', 'active'
    ))
) STRICT;
INSERT INTO "smartcards" VALUES(1,X'00000000000000000000000000000020',X'00000000000000000000000000000021','3b8d','active',X'00000000000000000000000000000001',X'0000000000000000000000000000007E',3,'active',1,NULL,NULL,NULL,'','spoken',2,1);
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
INSERT INTO "users" VALUES(1,X'00000000000000000000000000000001','ada','["Operators"]','ada@example.test',NULL,X'0000000000000000000000000000000000000000000000000000000000000001',1798000000000000);
INSERT INTO "users" VALUES(2,X'00000000000000000000000000000002','Zoë O''Brien','["Operators"]','Zoë@example.test',NULL,X'0000000000000000000000000000000000000000000000000000000000000002',1798000000000000);
CREATE INDEX requests_target ON requests (target);
CREATE INDEX requests_originator ON requests (originator);
CREATE INDEX requests_status ON requests (status);
CREATE INDEX requests_template_status ON requests (profile_template, status);
CREATE INDEX requests_old_smartcard ON requests (old_smartcard) WHERE old_smartcard IS NOT NULL;
CREATE INDEX requests_new_smartcard ON requests (new_smartcard) WHERE new_smartcard IS NOT NULL;
CREATE INDEX requests_old_profile ON requests (old_profile) WHERE old_profile IS NOT NULL;
CREATE INDEX requests_new_profile ON requests (new_profile) WHERE new_profile IS NOT NULL;
CREATE INDEX smartcards_user ON smartcards (assigned_user);
CREATE INDEX smartcards_card_id ON smartcards (card_id);
CREATE UNIQUE INDEX smartcards_living ON smartcards (card_id) WHERE status <> 'retired';
CREATE INDEX profiles_user ON profiles (assigned_user);
CREATE INDEX profiles_smartcard ON profiles (smartcard) WHERE smartcard IS NOT NULL;
CREATE UNIQUE INDEX certificates_request_key ON certificates (request, public_key_sha256);
CREATE INDEX certificates_key ON certificates (public_key_sha256);
CREATE INDEX certificates_profile ON certificates (profile);
CREATE INDEX certificates_smartcard ON certificates (smartcard) WHERE smartcard IS NOT NULL;
CREATE INDEX certificates_owner ON certificates (owner);
CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;
COMMIT;

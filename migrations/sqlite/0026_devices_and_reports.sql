-- What a card is, as its client has said at its assignment and as its maker has attested since; and by what reports are
-- walked.
CREATE TABLE devices (
    smartcard         BLOB PRIMARY KEY NOT NULL REFERENCES smartcards (uuid),
    holder            TEXT NOT NULL,
    model             TEXT NOT NULL,
    firmware          TEXT NOT NULL,
    serial            TEXT NOT NULL,
    attested          INTEGER NOT NULL CHECK (attested IN (0, 1)),
    attested_firmware TEXT NOT NULL,
    attested_serial   TEXT NOT NULL
) STRICT;
CREATE INDEX devices_serial ON devices (serial) WHERE serial <> '';
CREATE INDEX devices_attested_serial ON devices (attested_serial) WHERE attested_serial <> '';

CREATE INDEX smartcards_states ON smartcards (status, profile_template);
CREATE INDEX certificates_issued ON certificates (issued);
CREATE INDEX approvals_at ON approvals (at, request, approver);
CREATE INDEX audit_keys_given ON audit (seq) WHERE replace(replace(record, '"act":"keys-given"', ''), '"act":"sealed-keys-given"', '') <> record;

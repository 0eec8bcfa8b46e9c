-- What a card is, as its client has said at its assignment and as its maker has attested since; and by what reports are
-- walked.
CREATE TABLE devices (
    smartcard         UUID PRIMARY KEY REFERENCES smartcards (uuid),
    holder            TEXT NOT NULL,
    model             TEXT NOT NULL,
    firmware          TEXT NOT NULL,
    serial            TEXT NOT NULL,
    attested          BOOLEAN NOT NULL,
    attested_firmware TEXT NOT NULL,
    attested_serial   TEXT NOT NULL
);
CREATE INDEX devices_serial ON devices (serial) WHERE serial <> '';
CREATE INDEX devices_attested_serial ON devices (attested_serial) WHERE attested_serial <> '';

CREATE INDEX smartcards_states ON smartcards (status, profile_template);
CREATE INDEX certificates_issued ON certificates (issued, seq);
CREATE INDEX approvals_at ON approvals (at, request, approver);
CREATE INDEX audit_keys_given ON audit (seq) WHERE replace(replace(record, '"act":"keys-given"', ''), '"act":"sealed-keys-given"', '') <> record;

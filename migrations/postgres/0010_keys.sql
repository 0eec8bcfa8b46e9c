-- A card's keys stay derived from the master key they were made from until the card takes others. The admin key's next
-- version is proposed before the card is asked (0: none is); a PUK is of the version that was current when it was made.
ALTER TABLE smartcards ADD COLUMN master_key_next BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smartcards ADD COLUMN puk_master BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smartcards ADD COLUMN puk_before_master BIGINT NOT NULL DEFAULT 0;
UPDATE smartcards SET puk_master = master_key_version WHERE puk_version > 0;
UPDATE smartcards SET puk_before_master = master_key_version WHERE puk_before > 0;

-- What a profile holds, in the order in which its owner was sent it. A certificate whose archived key was brought back
-- stands in several profiles and is its first one's.
CREATE TABLE profile_certificates (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    profile  UUID NOT NULL REFERENCES profiles (uuid),
    serial   BYTEA NOT NULL REFERENCES certificates (serial),
    origin   TEXT NOT NULL,
    UNIQUE (profile, serial),
    CHECK (origin IN ('client', 'server', 'recovered', 'history'))
);

CREATE INDEX profile_certificates_serial ON profile_certificates (serial);

INSERT INTO profile_certificates (profile, serial, origin)
    SELECT profile, serial, 'client' FROM certificates ORDER BY seq;

-- Private keys made by the server, sealed to the recovery agents and the server's own recovery key. What does not last
-- is sealed to the server alone, and goes with the end of its request.
CREATE TABLE archived_keys (
    serial BYTEA PRIMARY KEY NOT NULL REFERENCES certificates (serial),
    sealed BYTEA NOT NULL,
    lasts  BOOLEAN NOT NULL
);

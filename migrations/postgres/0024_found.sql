-- Cards, certificates and people are found by what somebody knows of them; each list is walked by one index.
CREATE INDEX smartcards_template ON smartcards (profile_template, seq);
CREATE INDEX smartcards_status ON smartcards (status, seq);
CREATE INDEX stock_serial ON stock (serial);
CREATE INDEX certificates_thumbprint ON certificates (thumbprint);
CREATE INDEX certificates_ending ON certificates (not_after, seq)
    WHERE revoked_at IS NULL AND superseded = FALSE AND smartcard IS NOT NULL;
-- By bytes, as SQLite compares: so the names that begin with a text lie together, whatever language the database speaks.
ALTER TABLE folded_names ALTER COLUMN folded TYPE TEXT COLLATE "C";

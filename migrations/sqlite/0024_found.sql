-- Cards, certificates and people are found by what somebody knows of them; each list is walked by one index.
CREATE INDEX smartcards_template ON smartcards (profile_template);
CREATE INDEX smartcards_status ON smartcards (status);
CREATE INDEX stock_serial ON stock (serial);
CREATE INDEX certificates_thumbprint ON certificates (thumbprint);
CREATE INDEX certificates_ending ON certificates (not_after)
    WHERE revoked_at IS NULL AND superseded = FALSE AND smartcard IS NOT NULL;

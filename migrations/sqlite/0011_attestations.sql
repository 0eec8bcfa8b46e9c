-- What a card has said of a certificate's key: certificates in DER one after the other, the key's attestation first.
-- proven: it came from an authority that the template named at that time.
CREATE TABLE attestations (
    seq    INTEGER PRIMARY KEY,
    serial BLOB NOT NULL UNIQUE REFERENCES certificates (serial),
    chain  BLOB NOT NULL,
    proven INTEGER NOT NULL CHECK (proven IN (0, 1))
) STRICT;

-- What a card has said of a certificate's key: certificates in DER one after the other, the key's attestation first.
-- proven: it came from an authority that the template named at that time.
CREATE TABLE attestations (
    serial BYTEA PRIMARY KEY NOT NULL REFERENCES certificates (serial),
    chain  BYTEA NOT NULL,
    proven BOOLEAN NOT NULL
);

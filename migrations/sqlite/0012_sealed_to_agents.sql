-- Private keys that the recovery agents alone can open: what is sealed to them, and to nobody else.
CREATE TABLE agents_keys (
    serial BLOB PRIMARY KEY NOT NULL REFERENCES certificates (serial),
    sealed BLOB NOT NULL
) STRICT;

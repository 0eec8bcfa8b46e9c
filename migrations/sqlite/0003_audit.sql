-- The log of acts: chains of records, each of which holds the hash of the one before it. On SQLite there is one chain.
CREATE TABLE audit_chains (
    chain  INTEGER PRIMARY KEY,
    length INTEGER NOT NULL,
    head   BLOB NOT NULL
) STRICT;

INSERT INTO audit_chains (chain, length, head) VALUES (1, 0, zeroblob(32));

-- The record is kept as the very text its hash was made over.
CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY,
    chain  INTEGER NOT NULL REFERENCES audit_chains (chain),
    number INTEGER NOT NULL,
    record TEXT NOT NULL,
    hash   BLOB NOT NULL,
    UNIQUE (chain, number)
) STRICT;

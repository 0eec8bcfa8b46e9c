-- Signed heads of the log of acts: whoever holds the public key sees whether a chain was made anew, or cut off.
CREATE TABLE audit_signatures (
    chain     INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    signed    TEXT NOT NULL,
    key       BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, number)
) STRICT;

-- How far the log was sent on, a row a receiver and chain.
CREATE TABLE audit_sent (
    receiver TEXT NOT NULL,
    chain    INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    PRIMARY KEY (receiver, chain)
) STRICT;

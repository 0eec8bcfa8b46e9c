-- Signed heads of the log of acts: whoever holds the public key sees whether a chain was made anew, or cut off.
CREATE TABLE audit_signatures (
    chain     BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    signed    TEXT NOT NULL,
    key       BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (chain, number)
);

-- How far the log was sent on, a row a receiver and chain.
CREATE TABLE audit_sent (
    receiver TEXT NOT NULL,
    chain    BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    PRIMARY KEY (receiver, chain)
);

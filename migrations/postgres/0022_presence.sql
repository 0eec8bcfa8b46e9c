-- That a card has shown, for a request, that it is there: the authentication that is open, or the one that it has
-- answered. The server's challenge is derived from request, card and nonce. card: what the card has sent of its own.
CREATE TABLE presences (
    request    UUID NOT NULL REFERENCES requests (uuid),
    smartcard  UUID NOT NULL REFERENCES smartcards (uuid),
    card_id    UUID NOT NULL,
    protocol   TEXT NOT NULL CHECK (protocol IN ('piv', 'gids')),
    master     BIGINT NOT NULL,
    generation UUID,
    nonce      UUID NOT NULL,
    card       BYTEA,
    answer     BYTEA,
    open       BOOLEAN NOT NULL,
    ends       BIGINT NOT NULL,
    made       BIGINT NOT NULL,
    PRIMARY KEY (request, smartcard)
);

-- One at a time a card: what the server says in a second one could be the answer in the first.
CREATE UNIQUE INDEX presences_open ON presences (card_id) WHERE open;

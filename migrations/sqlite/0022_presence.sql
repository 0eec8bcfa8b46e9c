-- That a card has shown, for a request, that it is there: the authentication that is open, or the one that it has
-- answered. The server's challenge is derived from request, card and nonce. card: what the card has sent of its own.
CREATE TABLE presences (
    request    BLOB NOT NULL REFERENCES requests (uuid),
    smartcard  BLOB NOT NULL REFERENCES smartcards (uuid),
    card_id    BLOB NOT NULL,
    protocol   TEXT NOT NULL CHECK (protocol IN ('piv', 'gids')),
    master     INTEGER NOT NULL,
    generation BLOB,
    nonce      BLOB NOT NULL,
    card       BLOB,
    answer     BLOB,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    ends       INTEGER NOT NULL,
    made       INTEGER NOT NULL,
    PRIMARY KEY (request, smartcard)
) STRICT;

-- One at a time a card: what the server says in a second one could be the answer in the first.
CREATE UNIQUE INDEX presences_open ON presences (card_id) WHERE open = 1;

-- Visits: people whom a kiosk has let in for some minutes; only the hash of a visit's bearer token is kept. request: NULL where the
-- person's card was shown, and not a request's one-time password.
CREATE TABLE visits (
    seq     INTEGER PRIMARY KEY,
    uuid    BLOB NOT NULL UNIQUE,
    owner   BLOB NOT NULL REFERENCES users (uuid),
    kiosk   BLOB NOT NULL REFERENCES users (uuid),
    hash    BLOB NOT NULL UNIQUE,
    request BLOB REFERENCES requests (uuid),
    created INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    changes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX visits_owner ON visits (owner);
CREATE INDEX visits_kiosk ON visits (kiosk);
CREATE INDEX visits_request ON visits (request);

-- What a card is to sign at a kiosk: the last one of each, until it is used.
CREATE TABLE visit_challenges (
    kiosk     BLOB PRIMARY KEY REFERENCES users (uuid),
    challenge BLOB NOT NULL,
    ends      INTEGER NOT NULL
) STRICT;

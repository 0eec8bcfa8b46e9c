-- Visits: people whom a kiosk has let in for some minutes; only the hash of a visit's bearer token is kept. request: NULL where the
-- person's card was shown, and not a request's one-time password.
CREATE TABLE visits (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid    UUID NOT NULL UNIQUE,
    owner   UUID NOT NULL REFERENCES users (uuid),
    kiosk   UUID NOT NULL REFERENCES users (uuid),
    hash    BYTEA NOT NULL UNIQUE,
    request UUID REFERENCES requests (uuid),
    created BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    changes BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX visits_owner ON visits (owner);
CREATE INDEX visits_kiosk ON visits (kiosk);
CREATE INDEX visits_request ON visits (request);

-- What a card is to sign at a kiosk: the last one of each, until it is used.
CREATE TABLE visit_challenges (
    kiosk     UUID PRIMARY KEY REFERENCES users (uuid),
    challenge BYTEA NOT NULL,
    ends      BIGINT NOT NULL
);

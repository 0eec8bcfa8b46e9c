-- What proves a request's one-time passwords. A password itself is kept nowhere: each is 16 bytes of salt and 32 of
-- PBKDF2, absent until it was made. A generation ends when the passwords are distributed anew.
CREATE TABLE one_time_passwords (
    request    BLOB PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    generation INTEGER NOT NULL,
    tries_left INTEGER NOT NULL,
    expires    INTEGER,
    first      BLOB,
    second     BLOB,
    proven     INTEGER
) STRICT;

-- Which one-time password is still to be mailed to whom; it is made when it is sent.
CREATE TABLE outbox (
    request    BLOB NOT NULL REFERENCES requests (uuid),
    part       INTEGER NOT NULL CHECK (part IN (1, 2)),
    generation INTEGER NOT NULL,
    recipient  BLOB NOT NULL REFERENCES users (uuid),
    attempts   INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    PRIMARY KEY (request, part)
) STRICT;

CREATE INDEX outbox_due ON outbox (due);

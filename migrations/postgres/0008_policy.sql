-- What proves a request's one-time passwords. A password itself is kept nowhere: each is 16 bytes of salt and 32 of
-- PBKDF2, absent until it was made. A generation ends when the passwords are distributed anew.
CREATE TABLE one_time_passwords (
    request    UUID PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    generation BIGINT NOT NULL,
    tries_left BIGINT NOT NULL,
    expires    BIGINT,
    first      BYTEA,
    second     BYTEA,
    proven     BIGINT
);

-- Which one-time password is still to be mailed to whom; it is made when it is sent.
CREATE TABLE outbox (
    request    UUID NOT NULL REFERENCES requests (uuid),
    part       BIGINT NOT NULL CHECK (part IN (1, 2)),
    generation BIGINT NOT NULL,
    recipient  UUID NOT NULL REFERENCES users (uuid),
    attempts   BIGINT NOT NULL,
    due        BIGINT NOT NULL,
    PRIMARY KEY (request, part)
);

CREATE INDEX outbox_due ON outbox (due);

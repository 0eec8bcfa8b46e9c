-- That a request's old key was shown: the certificate of that key, and what it signed for this request and no other.
CREATE TABLE possessions (
    request   UUID PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    serial    BYTEA NOT NULL REFERENCES certificates (serial),
    signature BYTEA NOT NULL,
    at        BIGINT NOT NULL
);

-- A session that began with a certificate of the server's own CA gives its owner no roles, unless the template says so.
-- Those that are under way do not say by what they began.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN bears_roles BOOLEAN NOT NULL DEFAULT FALSE;

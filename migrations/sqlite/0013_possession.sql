-- That a request's old key was shown: the certificate of that key, and what it signed for this request and no other.
CREATE TABLE possessions (
    request   BLOB PRIMARY KEY NOT NULL REFERENCES requests (uuid),
    serial    BLOB NOT NULL REFERENCES certificates (serial),
    signature BLOB NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

-- A session that began with a certificate of the server's own CA gives its owner no roles, unless the template says so.
-- Those that are under way do not say by what they began.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN bears_roles INTEGER NOT NULL DEFAULT 0 CHECK (bears_roles IN (0, 1));

-- The certificate by which a visit was begun; NULL: it was begun by something else. The visit lasts no longer than it holds.
ALTER TABLE visits ADD COLUMN serial BYTEA REFERENCES certificates (serial);

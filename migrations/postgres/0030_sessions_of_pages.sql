-- Sessions of the pages for people: what they may do depends on when their user last proved who he is.
ALTER TABLE sessions ADD COLUMN pages BOOLEAN NOT NULL DEFAULT FALSE;

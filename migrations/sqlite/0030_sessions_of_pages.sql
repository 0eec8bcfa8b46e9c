-- Sessions of the pages for people: what they may do depends on when their user last proved who he is.
ALTER TABLE sessions ADD COLUMN pages INTEGER NOT NULL DEFAULT 0 CHECK (pages IN (0, 1));

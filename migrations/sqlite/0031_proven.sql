-- Sessions of the pages: when the user last proved to be there, which a ticket or a login elsewhere long ago does not. NULL: never.
ALTER TABLE sessions ADD COLUMN proven INTEGER;
UPDATE sessions SET proven = created WHERE pages = 1;

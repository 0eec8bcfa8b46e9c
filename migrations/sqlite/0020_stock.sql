-- The cards that are known before they are given to anybody, loaded by an administrator; a template can demand them.
-- kind: empty where the card is known by its id alone. removed: NULL while the card is in stock.
CREATE TABLE stock (
    seq     INTEGER PRIMARY KEY,
    card_id BLOB NOT NULL UNIQUE,
    kind    TEXT NOT NULL,
    serial  TEXT NOT NULL,
    note    TEXT NOT NULL,
    added   INTEGER NOT NULL,
    removed INTEGER,
    changes INTEGER NOT NULL DEFAULT 0
) STRICT;

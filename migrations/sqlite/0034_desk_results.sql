-- Results of desk runs, signed; an act has the digest of each. chain, number: where that act stands, once it is known.
CREATE TABLE desk_results (
    uuid      BLOB PRIMARY KEY,
    author    BLOB NOT NULL REFERENCES users (uuid),
    document  TEXT NOT NULL,
    signature BLOB NOT NULL,
    chain     INTEGER,
    number    INTEGER
) STRICT;

CREATE INDEX desk_results_author ON desk_results (author);

-- Results of desk runs, signed; an act has the digest of each. chain, number: where that act stands, once it is known.
CREATE TABLE desk_results (
    uuid      UUID PRIMARY KEY,
    author    UUID NOT NULL REFERENCES users (uuid),
    document  TEXT NOT NULL,
    signature BYTEA NOT NULL,
    chain     BIGINT,
    number    BIGINT
);

CREATE INDEX desk_results_author ON desk_results (author);

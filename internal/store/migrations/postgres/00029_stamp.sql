-- +goose Up
-- Time-stamps (RFC 3161) of an authority over heads of the log: the head's note as it was signed, and the token in DER.
CREATE TABLE tree_stamp (
    size  BIGINT           PRIMARY KEY,
    note  TEXT COLLATE "C" NOT NULL,
    token BYTEA            NOT NULL,
    at    BIGINT           NOT NULL
);

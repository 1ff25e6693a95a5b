-- +goose Up
-- Time-stamps (RFC 3161) of an authority over heads of the log: the head's note as it was signed, and the token in DER.
CREATE TABLE tree_stamp (
    size  INTEGER PRIMARY KEY,
    note  TEXT    NOT NULL,
    token BLOB    NOT NULL,
    at    INTEGER NOT NULL
) STRICT;

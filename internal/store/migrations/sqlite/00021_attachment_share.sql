-- +goose Up
-- Files that go to another platform: first named in a letter, then part by part.
CREATE TABLE attachment_share (
    attachment_id TEXT    NOT NULL REFERENCES attachment (id),
    peer          TEXT    NOT NULL,
    leg_id        TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('named','sending','there','refused')),
    there         INTEGER NOT NULL,
    code          TEXT    NOT NULL,
    PRIMARY KEY (attachment_id, peer)
) STRICT;

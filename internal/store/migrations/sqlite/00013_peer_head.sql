-- +goose Up
-- What is known of each peer's log, what it knows of ours, and the head that did not fit.
CREATE TABLE peer_head (
    peer        TEXT PRIMARY KEY,
    size        INTEGER NOT NULL,
    note        TEXT NOT NULL,
    heard_at    INTEGER,
    theirs      INTEGER NOT NULL,
    sent_size   INTEGER NOT NULL,
    sent_seen   INTEGER NOT NULL,
    sent_at     INTEGER,
    unproven_at INTEGER,
    unproven    TEXT NOT NULL,
    other       TEXT NOT NULL
) STRICT;

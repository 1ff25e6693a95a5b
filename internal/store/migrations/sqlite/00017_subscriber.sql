-- +goose Up
-- Programs that are told of changes, each with the place in the log from which it is told next.
CREATE TABLE subscriber (
    id          TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    kinds       TEXT    NOT NULL,
    active      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    next_index  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    next_try_at INTEGER,
    last_error  TEXT    NOT NULL,
    heard_at    INTEGER
) STRICT;

-- +goose Up
-- Filters of the list of cases that people keep under a name. query is that of the list's address, without its page.
CREATE TABLE saved_view (
    id         TEXT    PRIMARY KEY,
    person_id  TEXT    NOT NULL REFERENCES person (id),
    name       TEXT    NOT NULL,
    query      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (person_id, name)
) STRICT;

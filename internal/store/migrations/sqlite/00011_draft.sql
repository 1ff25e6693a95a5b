-- +goose Up
-- Who published a version of a document, and on what ground.
ALTER TABLE document ADD COLUMN by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN basis TEXT NOT NULL DEFAULT '';
-- Versions of the catalogue in the making.
CREATE TABLE draft (
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    title      TEXT NOT NULL,
    base       TEXT NOT NULL,
    content    TEXT NOT NULL,
    tested     TEXT NOT NULL,
    by_name    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

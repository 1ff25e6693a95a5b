-- +goose Up
-- The Merkle tree over the events: an event's place, the tiles of hashes, the signed heads (one for each hour).
ALTER TABLE event ADD COLUMN leaf_index INTEGER;
CREATE UNIQUE INDEX event_leaf_index ON event (leaf_index) WHERE leaf_index IS NOT NULL;
CREATE INDEX event_unindexed ON event (id) WHERE leaf_index IS NULL;
CREATE TABLE tree_tile (
    level  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    hashes BLOB    NOT NULL,
    PRIMARY KEY (level, at)
) STRICT;
CREATE TABLE tree_head (
    hour  INTEGER PRIMARY KEY,
    size  INTEGER NOT NULL,
    root  BLOB    NOT NULL,
    epoch INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    note  TEXT    NOT NULL
) STRICT;
CREATE INDEX tree_head_size ON tree_head (size);

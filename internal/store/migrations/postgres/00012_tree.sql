-- +goose Up
-- The Merkle tree over the events: an event's place, the tiles of hashes, the signed heads (one for each hour).
ALTER TABLE event ADD COLUMN leaf_index BIGINT;
CREATE UNIQUE INDEX event_leaf_index ON event (leaf_index) WHERE leaf_index IS NOT NULL;
CREATE INDEX event_unindexed ON event (id) WHERE leaf_index IS NULL;
CREATE TABLE tree_tile (
    level  BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    hashes BYTEA  NOT NULL,
    PRIMARY KEY (level, at)
);
CREATE TABLE tree_head (
    hour  BIGINT           PRIMARY KEY,
    size  BIGINT           NOT NULL,
    root  BYTEA            NOT NULL,
    epoch BIGINT           NOT NULL,
    at    BIGINT           NOT NULL,
    note  TEXT COLLATE "C" NOT NULL
);
CREATE INDEX tree_head_size ON tree_head (size);

-- +goose Up
-- Files that go to another platform: first named in a letter, then part by part.
CREATE TABLE attachment_share (
    attachment_id TEXT COLLATE "C" NOT NULL REFERENCES attachment (id),
    peer          TEXT COLLATE "C" NOT NULL,
    leg_id        TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('named','sending','there','refused')),
    there         BIGINT           NOT NULL,
    code          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (attachment_id, peer)
);

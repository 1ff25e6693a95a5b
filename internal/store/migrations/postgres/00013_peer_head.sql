-- +goose Up
-- What is known of each peer's log, what it knows of ours, and the head that did not fit.
CREATE TABLE peer_head (
    peer        TEXT COLLATE "C" PRIMARY KEY,
    size        BIGINT NOT NULL,
    note        TEXT COLLATE "C" NOT NULL,
    heard_at    BIGINT,
    theirs      BIGINT NOT NULL,
    sent_size   BIGINT NOT NULL,
    sent_seen   BIGINT NOT NULL,
    sent_at     BIGINT,
    unproven_at BIGINT,
    unproven    TEXT COLLATE "C" NOT NULL,
    other       TEXT COLLATE "C" NOT NULL
);

-- +goose Up
-- When a link stuck and when it worked again, and what both its sides do not agree on.
CREATE TABLE outage (
    id       TEXT    PRIMARY KEY,
    peer     TEXT    NOT NULL,
    stuck_at INTEGER NOT NULL,
    why      TEXT    NOT NULL,
    works_at INTEGER
) STRICT;
CREATE INDEX outage_peer ON outage (peer, id);

CREATE TABLE difference (
    peer     TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    letter   TEXT    NOT NULL,
    leg_id   TEXT    NOT NULL,
    ours     TEXT    NOT NULL,
    theirs   TEXT    NOT NULL,
    found_at INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (peer, what, letter, leg_id)
) STRICT;

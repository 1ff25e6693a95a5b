-- +goose Up
-- When a link stuck and when it worked again, and what both its sides do not agree on.
CREATE TABLE outage (
    id       TEXT COLLATE "C" PRIMARY KEY,
    peer     TEXT COLLATE "C" NOT NULL,
    stuck_at BIGINT NOT NULL,
    why      TEXT COLLATE "C" NOT NULL,
    works_at BIGINT
);
CREATE INDEX outage_peer ON outage (peer, id);

CREATE TABLE difference (
    peer     TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    letter   TEXT COLLATE "C" NOT NULL,
    leg_id   TEXT COLLATE "C" NOT NULL,
    ours     TEXT COLLATE "C" NOT NULL,
    theirs   TEXT COLLATE "C" NOT NULL,
    found_at BIGINT NOT NULL,
    seen_at  BIGINT NOT NULL,
    PRIMARY KEY (peer, what, letter, leg_id)
);

-- +goose Up
-- Supervision orders, the draws of closed cases, and demands that a review called unreasonable.
-- The words stand in the case's events.
CREATE TABLE supervision (
    id         TEXT COLLATE "C" PRIMARY KEY,
    case_id    TEXT COLLATE "C" NOT NULL,
    year       BIGINT NOT NULL,
    serial     BIGINT NOT NULL,
    cause      TEXT COLLATE "C" NOT NULL,
    by_ladder  BIGINT NOT NULL,
    by_name    TEXT COLLATE "C" NOT NULL,
    issued_at  BIGINT NOT NULL,
    closed_at  BIGINT
);
CREATE UNIQUE INDEX supervision_number ON supervision (year, serial);
CREATE INDEX supervision_case ON supervision (case_id);
CREATE TABLE supervision_part (
    order_id TEXT COLLATE "C" NOT NULL REFERENCES supervision (id),
    unit     TEXT COLLATE "C" NOT NULL,
    leg_id   TEXT COLLATE "C" NOT NULL,
    state    TEXT COLLATE "C" NOT NULL CHECK (state IN ('issued','answered','demanded','accepted','withdrawn')),
    version  BIGINT NOT NULL,
    demands  BIGINT NOT NULL,
    budget   TEXT COLLATE "C" NOT NULL,
    due_at   BIGINT NOT NULL,
    moved_at BIGINT NOT NULL,
    over_at  BIGINT,
    PRIMARY KEY (order_id, unit)
);
CREATE INDEX supervision_unit ON supervision_part (unit, due_at);
CREATE INDEX supervision_open ON supervision_part (due_at, order_id) WHERE state IN ('issued','answered','demanded');
CREATE INDEX supervision_due ON supervision_part (due_at, order_id) WHERE over_at IS NULL AND state IN ('issued','demanded');
CREATE TABLE draw (
    id       TEXT COLLATE "C" PRIMARY KEY,
    seed     TEXT COLLATE "C" NOT NULL,
    from_at  BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    among    BIGINT NOT NULL,
    drawn_at BIGINT NOT NULL,
    by_name  TEXT COLLATE "C" NOT NULL
);
CREATE TABLE draw_case (
    draw_id    TEXT COLLATE "C" NOT NULL REFERENCES draw (id),
    case_id    TEXT COLLATE "C" NOT NULL,
    result     TEXT COLLATE "C" NOT NULL CHECK (result IN ('','true_close','false_close')),
    checked_at BIGINT,
    by_name    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (draw_id, case_id)
);
CREATE TABLE unreasonable (
    case_id     TEXT COLLATE "C" PRIMARY KEY,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('asked','upheld','refused')),
    asked_at    BIGINT NOT NULL,
    asked_by    TEXT COLLATE "C" NOT NULL,
    reviewed_at BIGINT,
    reviewed_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX unreasonable_asked ON unreasonable (state, asked_at);
CREATE INDEX case_unhappy ON case_file (callback_at, id) WHERE solved = 0 OR mapped = 3;
CREATE INDEX case_closed ON case_file (closed_at, id) WHERE closed_at IS NOT NULL;

-- +goose Up
-- Supervision orders, the draws of closed cases, and demands that a review called unreasonable.
-- The words stand in the case's events.
CREATE TABLE supervision (
    id         TEXT    PRIMARY KEY,
    case_id    TEXT    NOT NULL,
    year       INTEGER NOT NULL,
    serial     INTEGER NOT NULL,
    cause      TEXT    NOT NULL,
    by_ladder  INTEGER NOT NULL,
    by_name    TEXT    NOT NULL,
    issued_at  INTEGER NOT NULL,
    closed_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX supervision_number ON supervision (year, serial);
CREATE INDEX supervision_case ON supervision (case_id);
CREATE TABLE supervision_part (
    order_id TEXT    NOT NULL REFERENCES supervision (id),
    unit     TEXT    NOT NULL,
    leg_id   TEXT    NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('issued','answered','demanded','accepted','withdrawn')),
    version  INTEGER NOT NULL,
    demands  INTEGER NOT NULL,
    budget   TEXT    NOT NULL,
    due_at   INTEGER NOT NULL,
    moved_at INTEGER NOT NULL,
    over_at  INTEGER,
    PRIMARY KEY (order_id, unit)
) STRICT;
CREATE INDEX supervision_unit ON supervision_part (unit, due_at);
CREATE INDEX supervision_open ON supervision_part (due_at, order_id) WHERE state IN ('issued','answered','demanded');
CREATE INDEX supervision_due ON supervision_part (due_at, order_id) WHERE over_at IS NULL AND state IN ('issued','demanded');
CREATE TABLE draw (
    id       TEXT    PRIMARY KEY,
    seed     TEXT    NOT NULL,
    from_at  INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    among    INTEGER NOT NULL,
    drawn_at INTEGER NOT NULL,
    by_name  TEXT    NOT NULL
) STRICT;
CREATE TABLE draw_case (
    draw_id    TEXT    NOT NULL REFERENCES draw (id),
    case_id    TEXT    NOT NULL,
    result     TEXT    NOT NULL CHECK (result IN ('','true_close','false_close')),
    checked_at INTEGER,
    by_name    TEXT    NOT NULL,
    PRIMARY KEY (draw_id, case_id)
) STRICT;
CREATE TABLE unreasonable (
    case_id     TEXT    PRIMARY KEY,
    state       TEXT    NOT NULL CHECK (state IN ('asked','upheld','refused')),
    asked_at    INTEGER NOT NULL,
    asked_by    TEXT    NOT NULL,
    reviewed_at INTEGER,
    reviewed_by TEXT    NOT NULL
) STRICT;
CREATE INDEX unreasonable_asked ON unreasonable (state, asked_at);
CREATE INDEX case_unhappy ON case_file (callback_at, id) WHERE solved = 0 OR mapped = 3;
CREATE INDEX case_closed ON case_file (closed_at, id) WHERE closed_at IS NOT NULL;

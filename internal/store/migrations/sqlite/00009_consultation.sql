-- +goose Up
-- Consultations. The words stand in the case's events.
CREATE TABLE consultation (
    id        TEXT    PRIMARY KEY,
    case_id   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('open','ruled','cancelled')),
    cause     TEXT    NOT NULL,
    form      TEXT    NOT NULL,
    item      TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    evidence  TEXT    NOT NULL,
    interim   TEXT    NOT NULL,
    by_name   TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,
    ended_at  INTEGER,
    owner     TEXT    NOT NULL,
    basis     TEXT    NOT NULL,
    rules_from INTEGER
) STRICT;
CREATE INDEX consultation_state ON consultation (state, id);
CREATE TABLE consultation_party (
    consultation_id TEXT    NOT NULL REFERENCES consultation (id),
    party           TEXT    NOT NULL,
    heard_at        INTEGER,
    PRIMARY KEY (consultation_id, party)
) STRICT;
CREATE INDEX consultation_party_of ON consultation_party (party, consultation_id);
CREATE INDEX leg_returned ON leg (moved_at, id) WHERE state = 'returned';

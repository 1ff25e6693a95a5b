-- +goose Up
-- What people decided beside what was proposed. The words stay with the case, under its key.
CREATE TABLE judgement (
    case_id         TEXT    PRIMARY KEY REFERENCES case_file (id),
    at              INTEGER NOT NULL,
    week            INTEGER NOT NULL,
    region          TEXT    NOT NULL,
    category        TEXT    NOT NULL,
    item            TEXT    NOT NULL,
    urgent          TEXT    NOT NULL,
    proposed        TEXT    NOT NULL,
    proposed_item   TEXT    NOT NULL,
    proposed_urgent TEXT    NOT NULL,
    per_mille       INTEGER NOT NULL,
    triage          TEXT    NOT NULL,
    seen            INTEGER NOT NULL,
    returned        TEXT    NOT NULL
) STRICT;
CREATE INDEX judgement_at ON judgement (at);

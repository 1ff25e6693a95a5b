-- +goose Up
-- What a unit objects to (考核申诉): one figure of its score of a month, as it stood then, and the case opened for it.
CREATE TABLE objection (
    unit      TEXT    NOT NULL,
    month     TEXT    NOT NULL,
    indicator TEXT    NOT NULL,
    serial    INTEGER NOT NULL,
    case_id   TEXT    NOT NULL UNIQUE REFERENCES case_file (id),
    num       INTEGER NOT NULL,
    den       INTEGER NOT NULL,
    by_name   TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (month, unit, indicator, serial)
) STRICT;

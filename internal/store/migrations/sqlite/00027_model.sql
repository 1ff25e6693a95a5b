-- +goose Up
-- Models of triage that were trained here, and which of them was at work from when: the last row of model_use is the one
-- that is; where there is none, or its version is empty, the model that the program ships. A file holds numbers and weights, and no text.
CREATE TABLE model (
    version  TEXT    PRIMARY KEY,
    base     TEXT    NOT NULL,
    examples INTEGER NOT NULL,
    made_at  INTEGER NOT NULL,
    by_name  TEXT    NOT NULL,
    judged   TEXT    NOT NULL,
    file     BLOB NOT NULL
) STRICT;
CREATE TABLE model_use (
    id      TEXT    PRIMARY KEY,
    version TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    by_name TEXT    NOT NULL
) STRICT;

-- +goose Up
-- The number that people say on the telephone. Cases taken before there were numbers have none.
CREATE TABLE numbering (
    day  TEXT    PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT;
ALTER TABLE case_file ADD COLUMN number TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX case_number ON case_file (number) WHERE number <> '';

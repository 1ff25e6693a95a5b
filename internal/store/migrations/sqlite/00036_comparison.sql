-- +goose Up
-- How far the comparison of both sides of a link has got, by letters or by calls, and how the last one ended.
CREATE TABLE comparison (
    peer     TEXT    PRIMARY KEY,
    question TEXT    NOT NULL,
    begun_at INTEGER,
    asked_at INTEGER,
    progress TEXT    NOT NULL,
    done_at  INTEGER,
    trouble  TEXT    NOT NULL
) STRICT;

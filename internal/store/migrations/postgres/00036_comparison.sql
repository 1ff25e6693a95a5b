-- +goose Up
-- How far the comparison of both sides of a link has got, by letters or by calls, and how the last one ended.
CREATE TABLE comparison (
    peer     TEXT COLLATE "C" PRIMARY KEY,
    question TEXT COLLATE "C" NOT NULL,
    begun_at BIGINT,
    asked_at BIGINT,
    progress TEXT COLLATE "C" NOT NULL,
    done_at  BIGINT,
    trouble  TEXT COLLATE "C" NOT NULL
);

-- +goose Up
-- Programs that are told of changes, each with the place in the log from which it is told next.
CREATE TABLE subscriber (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C" NOT NULL,
    kinds       TEXT COLLATE "C" NOT NULL,
    active      INTEGER          NOT NULL,
    created_at  BIGINT           NOT NULL,
    next_index  BIGINT           NOT NULL,
    attempts    INTEGER          NOT NULL,
    next_try_at BIGINT,
    last_error  TEXT COLLATE "C" NOT NULL,
    heard_at    BIGINT
);

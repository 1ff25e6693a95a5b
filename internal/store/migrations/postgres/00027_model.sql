-- +goose Up
-- Models of triage that were trained here, and which of them was at work from when: the last row of model_use is the one
-- that is; where there is none, or its version is empty, the model that the program ships. A file holds numbers and weights, and no text.
CREATE TABLE model (
    version  TEXT COLLATE "C" PRIMARY KEY,
    base     TEXT COLLATE "C" NOT NULL,
    examples BIGINT NOT NULL,
    made_at  BIGINT NOT NULL,
    by_name  TEXT COLLATE "C" NOT NULL,
    judged   TEXT COLLATE "C" NOT NULL,
    file     BYTEA NOT NULL
);
CREATE TABLE model_use (
    id      TEXT COLLATE "C" PRIMARY KEY,
    version TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    by_name TEXT COLLATE "C" NOT NULL
);

-- +goose Up
-- Files of an intake that is still being written. They lie sealed under a key that becomes the key of the case, so that what is taken is moved and
-- not sealed again; a draft that never becomes a case goes with its key.
CREATE TABLE intake_draft (
    id          TEXT COLLATE "C" PRIMARY KEY,
    by_id       TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    wrapped_key BYTEA            NOT NULL,
    expires_at  BIGINT           NOT NULL,
    UNIQUE (by_id, key)
);
CREATE INDEX intake_draft_expires ON intake_draft (expires_at);

CREATE TABLE intake_file (
    id         TEXT COLLATE "C" PRIMARY KEY,
    draft_id   TEXT COLLATE "C" NOT NULL REFERENCES intake_draft (id),
    digest     TEXT COLLATE "C" NOT NULL,
    media      TEXT COLLATE "C" NOT NULL,
    size       BIGINT           NOT NULL,
    hash       TEXT COLLATE "C" NOT NULL,
    name       BYTEA            NOT NULL,
    preview    BYTEA,
    created_at BIGINT           NOT NULL,
    UNIQUE (draft_id, digest)
);

CREATE TABLE intake_part (
    file_id    TEXT COLLATE "C" NOT NULL REFERENCES intake_file (id),
    number     BIGINT           NOT NULL,
    commitment TEXT COLLATE "C" NOT NULL,
    content    BYTEA            NOT NULL,
    PRIMARY KEY (file_id, number)
);

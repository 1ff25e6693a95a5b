-- +goose Up
-- Files of an intake that is still being written. They lie sealed under a key that becomes the key of the case, so that what is taken is moved and
-- not sealed again; a draft that never becomes a case goes with its key.
CREATE TABLE intake_draft (
    id          TEXT    PRIMARY KEY,
    by_id       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    wrapped_key BLOB    NOT NULL,
    expires_at  INTEGER NOT NULL,
    UNIQUE (by_id, key)
) STRICT;
CREATE INDEX intake_draft_expires ON intake_draft (expires_at);

CREATE TABLE intake_file (
    id         TEXT    PRIMARY KEY,
    draft_id   TEXT    NOT NULL REFERENCES intake_draft (id),
    digest     TEXT    NOT NULL,
    media      TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    name       BLOB    NOT NULL,
    preview    BLOB,
    created_at INTEGER NOT NULL,
    UNIQUE (draft_id, digest)
) STRICT;

CREATE TABLE intake_part (
    file_id    TEXT    NOT NULL REFERENCES intake_file (id),
    number     INTEGER NOT NULL,
    commitment TEXT    NOT NULL,
    content    BLOB    NOT NULL,
    PRIMARY KEY (file_id, number)
) STRICT;

-- +goose Up
-- Files of a case: photos, sound, scans. Name, preview and content are sealed under the key of the case.
CREATE TABLE attachment (
    id         TEXT    PRIMARY KEY,
    case_id    TEXT    NOT NULL REFERENCES case_file (id),
    leg_id     TEXT    NOT NULL,
    peer       TEXT    NOT NULL,
    by_id      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('coming','whole','erased')),
    media      TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    only_here  INTEGER NOT NULL,
    name       BLOB,
    preview    BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;
CREATE INDEX attachment_case ON attachment (case_id, id);
CREATE INDEX attachment_expires ON attachment (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE attachment_part (
    attachment_id TEXT    NOT NULL REFERENCES attachment (id),
    number        INTEGER NOT NULL,
    commitment    TEXT    NOT NULL,
    content       BLOB,
    PRIMARY KEY (attachment_id, number)
) STRICT;

-- +goose Up
-- Consultations that go across platforms. Where another platform presides (host) the words are sealed under a key of the consultation's own.
ALTER TABLE consultation ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN host_case TEXT NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN ruled_class TEXT NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN confidential INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consultation ADD COLUMN wrapped_key BLOB;
-- What a consultation's letters to and from one platform are numbered in.
CREATE TABLE consultation_thread (
    id              TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    peer            TEXT NOT NULL,
    rev             INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('sent','there','refused')),
    code            TEXT NOT NULL,
    repair          TEXT NOT NULL,
    out_no          INTEGER NOT NULL,
    in_no           INTEGER NOT NULL
) STRICT;
CREATE INDEX consultation_thread_of ON consultation_thread (consultation_id, id);
-- The events of a consultation over which another platform presides: they are of no case.
CREATE TABLE consultation_event (
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    event_id        TEXT NOT NULL,
    PRIMARY KEY (consultation_id, event_id)
) STRICT;

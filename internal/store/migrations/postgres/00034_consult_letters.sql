-- +goose Up
-- Consultations that go across platforms. Where another platform presides (host) the words are sealed under a key of the consultation's own.
ALTER TABLE consultation ADD COLUMN host TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN host_case TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN class TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN ruled_class TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE consultation ADD COLUMN confidential BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consultation ADD COLUMN wrapped_key BYTEA;
-- What a consultation's letters to and from one platform are numbered in.
CREATE TABLE consultation_thread (
    id              TEXT COLLATE "C" PRIMARY KEY,
    consultation_id TEXT COLLATE "C" NOT NULL REFERENCES consultation (id),
    peer            TEXT COLLATE "C" NOT NULL,
    rev             BIGINT NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('sent','there','refused')),
    code            TEXT COLLATE "C" NOT NULL,
    repair          TEXT COLLATE "C" NOT NULL,
    out_no          BIGINT NOT NULL,
    in_no           BIGINT NOT NULL
);
CREATE INDEX consultation_thread_of ON consultation_thread (consultation_id, id);
-- The events of a consultation over which another platform presides: they are of no case.
CREATE TABLE consultation_event (
    consultation_id TEXT COLLATE "C" NOT NULL REFERENCES consultation (id),
    event_id        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (consultation_id, event_id)
);

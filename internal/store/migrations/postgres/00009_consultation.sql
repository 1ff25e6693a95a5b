-- +goose Up
-- Consultations. The words stand in the case's events.
CREATE TABLE consultation (
    id        TEXT COLLATE "C" PRIMARY KEY,
    case_id   TEXT COLLATE "C" NOT NULL,
    version   BIGINT NOT NULL,
    state     TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','ruled','cancelled')),
    cause     TEXT COLLATE "C" NOT NULL,
    form      TEXT COLLATE "C" NOT NULL,
    item      TEXT COLLATE "C" NOT NULL,
    region    TEXT COLLATE "C" NOT NULL,
    evidence  TEXT COLLATE "C" NOT NULL,
    interim   TEXT COLLATE "C" NOT NULL,
    by_name   TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,
    ended_at  BIGINT,
    owner     TEXT COLLATE "C" NOT NULL,
    basis     TEXT COLLATE "C" NOT NULL,
    rules_from BIGINT
);
CREATE INDEX consultation_state ON consultation (state, id);
CREATE TABLE consultation_party (
    consultation_id TEXT COLLATE "C" NOT NULL REFERENCES consultation (id),
    party           TEXT COLLATE "C" NOT NULL,
    heard_at        BIGINT,
    PRIMARY KEY (consultation_id, party)
);
CREATE INDEX consultation_party_of ON consultation_party (party, consultation_id);
CREATE INDEX leg_returned ON leg (moved_at, id) WHERE state = 'returned';

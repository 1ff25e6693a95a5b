-- +goose Up
-- What people decided beside what was proposed. The words stay with the case, under its key.
CREATE TABLE judgement (
    case_id         TEXT COLLATE "C" PRIMARY KEY REFERENCES case_file (id),
    at              BIGINT NOT NULL,
    week            BIGINT NOT NULL,
    region          TEXT COLLATE "C" NOT NULL,
    category        TEXT COLLATE "C" NOT NULL,
    item            TEXT COLLATE "C" NOT NULL,
    urgent          TEXT COLLATE "C" NOT NULL,
    proposed        TEXT COLLATE "C" NOT NULL,
    proposed_item   TEXT COLLATE "C" NOT NULL,
    proposed_urgent TEXT COLLATE "C" NOT NULL,
    per_mille       BIGINT NOT NULL,
    triage          TEXT COLLATE "C" NOT NULL,
    seen            BIGINT NOT NULL,
    returned        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX judgement_at ON judgement (at);

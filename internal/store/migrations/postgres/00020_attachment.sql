-- +goose Up
-- Files of a case: photos, sound, scans. Name, preview and content are sealed under the key of the case.
CREATE TABLE attachment (
    id         TEXT COLLATE "C" PRIMARY KEY,
    case_id    TEXT COLLATE "C" NOT NULL REFERENCES case_file (id),
    leg_id     TEXT COLLATE "C" NOT NULL,
    peer       TEXT COLLATE "C" NOT NULL,
    by_id      TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('coming','whole','erased')),
    media      TEXT COLLATE "C" NOT NULL,
    size       BIGINT           NOT NULL,
    hash       TEXT COLLATE "C" NOT NULL,
    only_here  INTEGER          NOT NULL,
    name       BYTEA,
    preview    BYTEA,
    created_at BIGINT           NOT NULL,
    expires_at BIGINT
);
CREATE INDEX attachment_case ON attachment (case_id, id);
CREATE INDEX attachment_expires ON attachment (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE attachment_part (
    attachment_id TEXT COLLATE "C" NOT NULL REFERENCES attachment (id),
    number        BIGINT           NOT NULL,
    commitment    TEXT COLLATE "C" NOT NULL,
    content       BYTEA,
    PRIMARY KEY (attachment_id, number)
);

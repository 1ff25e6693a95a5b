-- +goose Up
-- What the rungs of ladders tell people (通知): one row for each that fired and each circle it is told to, a unit or, with unit '', the desk. It names
-- no person of a case.
CREATE TABLE notice (
    id       TEXT    PRIMARY KEY,
    case_id  TEXT    NOT NULL REFERENCES case_file (id),
    leg_id   TEXT    NOT NULL,
    clock_id TEXT    NOT NULL,
    unit     TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    rung     TEXT    NOT NULL,
    clock    TEXT    NOT NULL,
    number   TEXT    NOT NULL,
    item     TEXT    NOT NULL,
    urgent   INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    made_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_unit ON notice (unit, made_at, id);

-- Since when a person has seen what is on the page of notices.
CREATE TABLE notice_seen (
    person_id TEXT    PRIMARY KEY REFERENCES person (id),
    seen_at   INTEGER NOT NULL
) STRICT;

-- Where notices go beside the screen. The address is sealed under a key of its own, and goes with it when the recipient is removed.
CREATE TABLE notice_recipient (
    id          TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    unit        TEXT    NOT NULL,
    channel     TEXT    NOT NULL CHECK (channel IN ('mail','sms','webhook')),
    wrapped_key BLOB,
    address     BLOB,
    rung        TEXT    NOT NULL,
    quiet       TEXT    NOT NULL,
    language    TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active','stopped','removed')),
    created_at  INTEGER NOT NULL,
    told_at     INTEGER
) STRICT;

-- One sending to one recipient: it gathers notices as long as it waits.
CREATE TABLE notice_message (
    id           TEXT    PRIMARY KEY,
    recipient_id TEXT    NOT NULL REFERENCES notice_recipient (id),
    urgent       INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('waiting','sending','sent','unsure','dropped')),
    made_at      INTEGER NOT NULL,
    next_at      INTEGER,
    attempts     INTEGER NOT NULL,
    sent_at      INTEGER,
    last_error   TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX notice_message_waiting ON notice_message (recipient_id, urgent) WHERE state = 'waiting';
CREATE INDEX notice_message_next ON notice_message (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notice_message_open ON notice_message (state, made_at) WHERE state IN ('waiting','sending','unsure');

CREATE TABLE notice_part (
    message_id TEXT NOT NULL REFERENCES notice_message (id),
    notice_id  TEXT NOT NULL REFERENCES notice (id),
    PRIMARY KEY (message_id, notice_id)
) STRICT;

-- +goose Up
-- What the rungs of ladders tell people (通知): one row for each that fired and each circle it is told to, a unit or, with unit '', the desk. It names
-- no person of a case.
CREATE TABLE notice (
    id       TEXT COLLATE "C" PRIMARY KEY,
    case_id  TEXT COLLATE "C" NOT NULL REFERENCES case_file (id),
    leg_id   TEXT COLLATE "C" NOT NULL,
    clock_id TEXT COLLATE "C" NOT NULL,
    unit     TEXT COLLATE "C" NOT NULL,
    region   TEXT COLLATE "C" NOT NULL,
    rung     TEXT COLLATE "C" NOT NULL,
    clock    TEXT COLLATE "C" NOT NULL,
    number   TEXT COLLATE "C" NOT NULL,
    item     TEXT COLLATE "C" NOT NULL,
    urgent   BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    made_at  BIGINT NOT NULL
);
CREATE INDEX notice_unit ON notice (unit, made_at, id);

-- Since when a person has seen what is on the page of notices.
CREATE TABLE notice_seen (
    person_id TEXT COLLATE "C" PRIMARY KEY REFERENCES person (id),
    seen_at   BIGINT NOT NULL
);

-- Where notices go beside the screen. The address is sealed under a key of its own, and goes with it when the recipient is removed.
CREATE TABLE notice_recipient (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    unit        TEXT COLLATE "C" NOT NULL,
    channel     TEXT COLLATE "C" NOT NULL CHECK (channel IN ('mail','sms','webhook')),
    wrapped_key BYTEA,
    address     BYTEA,
    rung        TEXT COLLATE "C" NOT NULL,
    quiet       TEXT COLLATE "C" NOT NULL,
    language    TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('active','stopped','removed')),
    created_at  BIGINT NOT NULL,
    told_at     BIGINT
);

-- One sending to one recipient: it gathers notices as long as it waits.
CREATE TABLE notice_message (
    id           TEXT COLLATE "C" PRIMARY KEY,
    recipient_id TEXT COLLATE "C" NOT NULL REFERENCES notice_recipient (id),
    urgent       BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting','sending','sent','unsure','dropped')),
    made_at      BIGINT NOT NULL,
    next_at      BIGINT,
    attempts     BIGINT NOT NULL,
    sent_at      BIGINT,
    last_error   TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX notice_message_waiting ON notice_message (recipient_id, urgent) WHERE state = 'waiting';
CREATE INDEX notice_message_next ON notice_message (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notice_message_open ON notice_message (state, made_at) WHERE state IN ('waiting','sending','unsure');

CREATE TABLE notice_part (
    message_id TEXT COLLATE "C" NOT NULL REFERENCES notice_message (id),
    notice_id  TEXT COLLATE "C" NOT NULL REFERENCES notice (id),
    PRIMARY KEY (message_id, notice_id)
);

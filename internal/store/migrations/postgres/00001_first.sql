-- +goose Up
-- Times are microseconds UTC; booleans are 0 or 1; JSON is text that SQL never looks into.
-- Text is compared byte by byte, as SQLite does it, whatever the language of the database.

CREATE TABLE node (
    one        INTEGER          PRIMARY KEY CHECK (one = 1),
    platform   TEXT COLLATE "C" NOT NULL,
    line       TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    region     TEXT COLLATE "C" NOT NULL,
    epoch      BIGINT           NOT NULL,
    created_at BIGINT           NOT NULL
);

-- Versioned data that a person may read whole: catalogue, directory.
CREATE TABLE document (
    kind           TEXT COLLATE "C" NOT NULL,
    version        TEXT COLLATE "C" NOT NULL,
    effective_from TEXT COLLATE "C" NOT NULL,
    content        TEXT COLLATE "C" NOT NULL,
    loaded_at      BIGINT           NOT NULL,
    PRIMARY KEY (kind, version)
);

CREATE TABLE link (
    peer       TEXT COLLATE "C" PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL,
    line       TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    region     TEXT COLLATE "C" NOT NULL,
    url        TEXT COLLATE "C" NOT NULL,
    phone      TEXT COLLATE "C" NOT NULL,
    keys       TEXT COLLATE "C" NOT NULL,
    carrier    TEXT COLLATE "C" NOT NULL,
    active     INTEGER          NOT NULL,
    created_at BIGINT           NOT NULL,
    heard_at   BIGINT,
    stuck_at   BIGINT,
    trouble    TEXT COLLATE "C" NOT NULL DEFAULT ''
);

CREATE TABLE person (
    id           TEXT COLLATE "C" PRIMARY KEY,
    login        TEXT COLLATE "C" NOT NULL UNIQUE,
    name         TEXT COLLATE "C" NOT NULL,
    password     TEXT COLLATE "C" NOT NULL,
    role         TEXT COLLATE "C" NOT NULL,
    unit         TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    language     TEXT COLLATE "C" NOT NULL,
    active       INTEGER          NOT NULL,
    failed       INTEGER          NOT NULL DEFAULT 0,
    locked_until BIGINT,
    created_at   BIGINT           NOT NULL
);

CREATE TABLE session (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    person_id  TEXT COLLATE "C" NOT NULL REFERENCES person (id),
    created_at BIGINT           NOT NULL,
    expires_at BIGINT           NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE token (
    id         TEXT COLLATE "C" PRIMARY KEY,
    hash       TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT COLLATE "C" NOT NULL,
    scopes     TEXT COLLATE "C" NOT NULL,
    region     TEXT COLLATE "C" NOT NULL,
    active     INTEGER          NOT NULL,
    created_at BIGINT           NOT NULL
);

CREATE TABLE case_file (
    id             TEXT COLLATE "C" PRIMARY KEY,
    version        BIGINT           NOT NULL,
    rev            BIGINT           NOT NULL,
    status         TEXT COLLATE "C" NOT NULL CHECK (status IN ('open','in_progress','awaiting_callback','closed','archived')),
    channel        TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    level          INTEGER          NOT NULL CHECK (level BETWEEN 1 AND 4),
    category       TEXT COLLATE "C" NOT NULL,
    line           TEXT COLLATE "C" NOT NULL,
    decided        INTEGER          NOT NULL,
    item           TEXT COLLATE "C" NOT NULL,
    urgent         TEXT COLLATE "C" NOT NULL,
    urgent_by      TEXT COLLATE "C" NOT NULL,
    first_response TEXT COLLATE "C" NOT NULL,
    unread         INTEGER          NOT NULL,
    danger         TEXT COLLATE "C" NOT NULL,
    region         TEXT COLLATE "C" NOT NULL,
    region_raw     TEXT COLLATE "C" NOT NULL,
    confidential   INTEGER          NOT NULL,
    language       TEXT COLLATE "C" NOT NULL,
    consent        INTEGER,
    safe_contact   TEXT COLLATE "C" NOT NULL,
    subject_unit   TEXT COLLATE "C" NOT NULL,
    outcome        TEXT COLLATE "C" NOT NULL,
    catalogue      TEXT COLLATE "C" NOT NULL,
    interim        TEXT COLLATE "C" NOT NULL,
    returns        INTEGER          NOT NULL,
    dispute        INTEGER          NOT NULL,
    group_id       TEXT COLLATE "C" NOT NULL,
    external_id    TEXT COLLATE "C" NOT NULL,
    source         TEXT COLLATE "C" NOT NULL,
    occurred_at    BIGINT           NOT NULL,
    created_at     BIGINT           NOT NULL,
    closed_at      BIGINT,
    callback_at    BIGINT,
    solved         INTEGER,
    satisfaction   INTEGER          NOT NULL,
    scale          INTEGER          NOT NULL,
    mapped         INTEGER          NOT NULL,
    needs_callback INTEGER          NOT NULL,
    links          TEXT COLLATE "C" NOT NULL,
    proposal       TEXT COLLATE "C" NOT NULL,
    due_at         BIGINT,
    indexed        INTEGER          NOT NULL
);
CREATE INDEX case_new ON case_file (created_at, id);
CREATE INDEX case_status ON case_file (status, created_at, id);
CREATE INDEX case_category ON case_file (category, created_at, id);
CREATE INDEX case_region ON case_file (region, created_at, id);
CREATE INDEX case_due ON case_file (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX case_group ON case_file (group_id) WHERE group_id <> '';
CREATE INDEX case_unindexed ON case_file (id) WHERE indexed = 0;
CREATE INDEX case_dispute ON case_file (created_at, id) WHERE dispute = 1;

-- The personal part of a case, sealed under the case's own key. Destroying
-- wrapped_key erases it everywhere.
CREATE TABLE case_private (
    case_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES case_file (id),
    wrapped_key BYTEA,
    words       BYTEA,
    caller      BYTEA,
    told        BYTEA,
    phone_index TEXT COLLATE "C" NOT NULL
);
CREATE INDEX case_phone ON case_private (phone_index) WHERE phone_index <> '';

-- A repeated intake finds the first case by either key.
CREATE TABLE intake_key (
    source    TEXT COLLATE "C" NOT NULL,
    key       TEXT COLLATE "C" NOT NULL,
    body_hash TEXT COLLATE "C" NOT NULL,
    case_id   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, key)
);

CREATE TABLE leg (
    id            TEXT COLLATE "C" PRIMARY KEY,
    case_id       TEXT COLLATE "C" NOT NULL REFERENCES case_file (id),
    side          TEXT COLLATE "C" NOT NULL CHECK (side IN ('sender','holder')),
    peer          TEXT COLLATE "C" NOT NULL,
    unit          TEXT COLLATE "C" NOT NULL,
    role          TEXT COLLATE "C" NOT NULL,
    urgent        INTEGER          NOT NULL,
    class         TEXT COLLATE "C" NOT NULL,
    item          TEXT COLLATE "C" NOT NULL,
    region        TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('sent','received','accepted','working','answered','settled','reopened','returned','withdrawn')),
    version       BIGINT           NOT NULL,
    rev           BIGINT           NOT NULL,
    sent_at       BIGINT           NOT NULL,
    moved_at      BIGINT           NOT NULL,
    reopen_until  BIGINT,
    pending       TEXT COLLATE "C" NOT NULL,
    ground        TEXT COLLATE "C" NOT NULL,
    basis         TEXT COLLATE "C" NOT NULL,
    next_owner    TEXT COLLATE "C" NOT NULL,
    contested     INTEGER          NOT NULL,
    undeliverable INTEGER          NOT NULL,
    repair        TEXT COLLATE "C" NOT NULL,
    resolution    TEXT COLLATE "C" NOT NULL,
    successor     TEXT COLLATE "C" NOT NULL,
    for_leg       TEXT COLLATE "C" NOT NULL,
    out_no        BIGINT           NOT NULL,
    in_no         BIGINT           NOT NULL,
    callback_by   TEXT COLLATE "C" NOT NULL,
    call_id       TEXT COLLATE "C" NOT NULL,
    spoken        INTEGER          NOT NULL,
    looped        INTEGER          NOT NULL,
    late          INTEGER          NOT NULL,
    via           TEXT COLLATE "C" NOT NULL,
    extra         TEXT COLLATE "C" NOT NULL,
    ask           BYTEA,
    due_at        BIGINT,
    prompted_at   BIGINT,
    silenced_at   BIGINT
);
CREATE INDEX leg_case ON leg (case_id);
CREATE INDEX leg_unit ON leg (unit, due_at, id) WHERE unit <> '';
CREATE INDEX leg_peer ON leg (peer, id) WHERE peer <> '';
CREATE INDEX leg_repair ON leg (id) WHERE repair <> '';
CREATE INDEX leg_urgent ON leg (sent_at, id) WHERE urgent = 1 AND state IN ('sent','received');
CREATE INDEX leg_incoming ON leg (sent_at, id) WHERE side = 'holder' AND state = 'received';

CREATE TABLE event (
    id         TEXT COLLATE "C" PRIMARY KEY,
    case_id    TEXT COLLATE "C" NOT NULL,
    leg_id     TEXT COLLATE "C" NOT NULL,
    at         BIGINT           NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    platform   TEXT COLLATE "C" NOT NULL,
    actor_id   TEXT COLLATE "C" NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    actor_role TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL,
    note       BYTEA,
    commitment TEXT COLLATE "C" NOT NULL,
    leaf       BYTEA            NOT NULL
);
CREATE INDEX event_case ON event (case_id, id);

CREATE TABLE clock (
    id          TEXT COLLATE "C" PRIMARY KEY,
    case_id     TEXT COLLATE "C" NOT NULL,
    leg_id      TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    budget      TEXT COLLATE "C" NOT NULL,
    start_at    BIGINT           NOT NULL,
    due_at      BIGINT           NOT NULL,
    provisional INTEGER          NOT NULL,
    urgent      INTEGER          NOT NULL,
    stopped_at  BIGINT,
    rung        INTEGER          NOT NULL,
    next_at     BIGINT
);
CREATE INDEX clock_case ON clock (case_id);
CREATE INDEX clock_next ON clock (next_at, id) WHERE next_at IS NOT NULL;

-- Letters that we send. A row waits until the receipt is here.
CREATE TABLE letter_out (
    id          TEXT COLLATE "C" PRIMARY KEY,
    peer        TEXT COLLATE "C" NOT NULL,
    case_id     TEXT COLLATE "C" NOT NULL,
    leg_id      TEXT COLLATE "C" NOT NULL,
    type        TEXT COLLATE "C" NOT NULL,
    number      BIGINT           NOT NULL,
    content     TEXT COLLATE "C" NOT NULL,
    private     BYTEA,
    hash        TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting','receipted','refused','expired','voided')),
    created_at  BIGINT           NOT NULL,
    expires_at  BIGINT,
    attempts    INTEGER          NOT NULL,
    next_try_at BIGINT,
    last_error  TEXT COLLATE "C" NOT NULL,
    answer      TEXT COLLATE "C" NOT NULL,
    answered_at BIGINT
);
CREATE UNIQUE INDEX letter_out_number ON letter_out (leg_id, number) WHERE number > 0 AND state <> 'voided';
CREATE INDEX letter_out_due ON letter_out (peer, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX letter_out_case ON letter_out (case_id);
CREATE INDEX letter_out_peer ON letter_out (peer, id);
CREATE INDEX letter_out_open ON letter_out (peer, id) WHERE state IN ('waiting','refused','expired');

-- Letters that we received and answered.
CREATE TABLE letter_in (
    id          TEXT COLLATE "C" PRIMARY KEY,
    peer        TEXT COLLATE "C" NOT NULL,
    case_id     TEXT COLLATE "C" NOT NULL,
    leg_id      TEXT COLLATE "C" NOT NULL,
    type        TEXT COLLATE "C" NOT NULL,
    number      BIGINT           NOT NULL,
    content     TEXT COLLATE "C" NOT NULL,
    sealed      TEXT COLLATE "C",
    signature   TEXT COLLATE "C" NOT NULL,
    hash        TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('applied','waiting','refused','voided')),
    received_at BIGINT           NOT NULL,
    error       TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX letter_in_number ON letter_in (leg_id, number) WHERE number > 0;
CREATE INDEX letter_in_case ON letter_in (case_id);
CREATE INDEX letter_in_peer ON letter_in (peer, id);
CREATE INDEX letter_in_not_applied ON letter_in (peer, id) WHERE state IN ('refused','waiting');

-- What a door refused and a person should see: letters that are broken or not
-- authentic.
CREATE TABLE refusal (
    id      TEXT COLLATE "C" PRIMARY KEY,
    at      BIGINT           NOT NULL,
    door    TEXT COLLATE "C" NOT NULL,
    peer    TEXT COLLATE "C" NOT NULL,
    code    TEXT COLLATE "C" NOT NULL,
    detail  TEXT COLLATE "C" NOT NULL,
    letter  TEXT COLLATE "C" NOT NULL,
    raw     BYTEA,
    urgent  INTEGER          NOT NULL,
    seen_at BIGINT
);
CREATE INDEX refusal_unseen ON refusal (id) WHERE seen_at IS NULL;

CREATE TABLE dispute (
    id        TEXT COLLATE "C" PRIMARY KEY,
    case_id   TEXT COLLATE "C" NOT NULL,
    leg_id    TEXT COLLATE "C" NOT NULL,
    item      TEXT COLLATE "C" NOT NULL,
    cause     TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT           NOT NULL,
    closed_at BIGINT
);
CREATE INDEX dispute_case ON dispute (case_id);

CREATE TABLE lease (
    name   TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    until  BIGINT           NOT NULL
);

CREATE TABLE case_search (
    case_id TEXT COLLATE "C" PRIMARY KEY,
    tokens  INTEGER[]        NOT NULL
);
CREATE INDEX case_search_tokens ON case_search USING gin (tokens);

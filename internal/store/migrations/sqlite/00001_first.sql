-- +goose Up
-- Times are microseconds UTC; booleans are 0 or 1; JSON is text that SQL never looks into.

CREATE TABLE node (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    platform   TEXT    NOT NULL,
    line       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Versioned data that a person may read whole: catalogue, directory.
CREATE TABLE document (
    kind           TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    effective_from TEXT    NOT NULL,
    content        TEXT    NOT NULL,
    loaded_at      INTEGER NOT NULL,
    PRIMARY KEY (kind, version)
) STRICT;

CREATE TABLE link (
    peer       TEXT    PRIMARY KEY,
    id         TEXT    NOT NULL,
    line       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    phone      TEXT    NOT NULL,
    keys       TEXT    NOT NULL,
    carrier    TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    heard_at   INTEGER,
    stuck_at   INTEGER,
    trouble    TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE person (
    id           TEXT    PRIMARY KEY,
    login        TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    password     TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    unit         TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    language     TEXT    NOT NULL,
    active       INTEGER NOT NULL,
    failed       INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    hash       TEXT    PRIMARY KEY,
    person_id  TEXT    NOT NULL REFERENCES person (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE token (
    id         TEXT    PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE case_file (
    id             TEXT    PRIMARY KEY,
    version        INTEGER NOT NULL,
    rev            INTEGER NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('open','in_progress','awaiting_callback','closed','archived')),
    channel        TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    level          INTEGER NOT NULL CHECK (level BETWEEN 1 AND 4),
    category       TEXT    NOT NULL,
    line           TEXT    NOT NULL,
    decided        INTEGER NOT NULL,
    item           TEXT    NOT NULL,
    urgent         TEXT    NOT NULL,
    urgent_by      TEXT    NOT NULL,
    first_response TEXT    NOT NULL,
    unread         INTEGER NOT NULL,
    danger         TEXT    NOT NULL,
    region         TEXT    NOT NULL,
    region_raw     TEXT    NOT NULL,
    confidential   INTEGER NOT NULL,
    language       TEXT    NOT NULL,
    consent        INTEGER,
    safe_contact   TEXT    NOT NULL,
    subject_unit   TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    catalogue      TEXT    NOT NULL,
    interim        TEXT    NOT NULL,
    returns        INTEGER NOT NULL,
    dispute        INTEGER NOT NULL,
    group_id       TEXT    NOT NULL,
    external_id    TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    occurred_at    INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    closed_at      INTEGER,
    callback_at    INTEGER,
    solved         INTEGER,
    satisfaction   INTEGER NOT NULL,
    scale          INTEGER NOT NULL,
    mapped         INTEGER NOT NULL,
    needs_callback INTEGER NOT NULL,
    links          TEXT    NOT NULL,
    proposal       TEXT    NOT NULL,
    due_at         INTEGER,
    indexed        INTEGER NOT NULL
) STRICT;
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
    case_id     TEXT PRIMARY KEY REFERENCES case_file (id),
    wrapped_key BLOB,
    words       BLOB,
    caller      BLOB,
    told        BLOB,
    phone_index TEXT NOT NULL
) STRICT;
CREATE INDEX case_phone ON case_private (phone_index) WHERE phone_index <> '';

-- A repeated intake finds the first case by either key.
CREATE TABLE intake_key (
    source    TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    case_id   TEXT NOT NULL,
    PRIMARY KEY (source, key)
) STRICT;

CREATE TABLE leg (
    id            TEXT    PRIMARY KEY,
    case_id       TEXT    NOT NULL REFERENCES case_file (id),
    side          TEXT    NOT NULL CHECK (side IN ('sender','holder')),
    peer          TEXT    NOT NULL,
    unit          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    urgent        INTEGER NOT NULL,
    class         TEXT    NOT NULL,
    item          TEXT    NOT NULL,
    region        TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('sent','received','accepted','working','answered','settled','reopened','returned','withdrawn')),
    version       INTEGER NOT NULL,
    rev           INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL,
    moved_at      INTEGER NOT NULL,
    reopen_until  INTEGER,
    pending       TEXT    NOT NULL,
    ground        TEXT    NOT NULL,
    basis         TEXT    NOT NULL,
    next_owner    TEXT    NOT NULL,
    contested     INTEGER NOT NULL,
    undeliverable INTEGER NOT NULL,
    repair        TEXT    NOT NULL,
    resolution    TEXT    NOT NULL,
    successor     TEXT    NOT NULL,
    for_leg       TEXT    NOT NULL,
    out_no        INTEGER NOT NULL,
    in_no         INTEGER NOT NULL,
    callback_by   TEXT    NOT NULL,
    call_id       TEXT    NOT NULL,
    spoken        INTEGER NOT NULL,
    looped        INTEGER NOT NULL,
    late          INTEGER NOT NULL,
    via           TEXT    NOT NULL,
    extra         TEXT    NOT NULL,
    ask           BLOB,
    due_at        INTEGER,
    prompted_at   INTEGER,
    silenced_at   INTEGER
) STRICT;
CREATE INDEX leg_case ON leg (case_id);
CREATE INDEX leg_unit ON leg (unit, due_at, id) WHERE unit <> '';
CREATE INDEX leg_peer ON leg (peer, id) WHERE peer <> '';
CREATE INDEX leg_repair ON leg (id) WHERE repair <> '';
CREATE INDEX leg_urgent ON leg (sent_at, id) WHERE urgent = 1 AND state IN ('sent','received');
CREATE INDEX leg_incoming ON leg (sent_at, id) WHERE side = 'holder' AND state = 'received';

CREATE TABLE event (
    id         TEXT    PRIMARY KEY,
    case_id    TEXT    NOT NULL,
    leg_id     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    platform   TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL,
    actor_name TEXT    NOT NULL,
    actor_role TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    note       BLOB,
    commitment TEXT    NOT NULL,
    leaf       BLOB    NOT NULL
) STRICT;
CREATE INDEX event_case ON event (case_id, id);

CREATE TABLE clock (
    id          TEXT    PRIMARY KEY,
    case_id     TEXT    NOT NULL,
    leg_id      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    budget      TEXT    NOT NULL,
    start_at    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    provisional INTEGER NOT NULL,
    urgent      INTEGER NOT NULL,
    stopped_at  INTEGER,
    rung        INTEGER NOT NULL,
    next_at     INTEGER
) STRICT;
CREATE INDEX clock_case ON clock (case_id);
CREATE INDEX clock_next ON clock (next_at, id) WHERE next_at IS NOT NULL;

-- Letters that we send. A row waits until the receipt is here.
CREATE TABLE letter_out (
    id          TEXT    PRIMARY KEY,
    peer        TEXT    NOT NULL,
    case_id     TEXT    NOT NULL,
    leg_id      TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    content     TEXT    NOT NULL,
    private     BLOB,
    hash        TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting','receipted','refused','expired','voided')),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    attempts    INTEGER NOT NULL,
    next_try_at INTEGER,
    last_error  TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    answered_at INTEGER
) STRICT;
CREATE UNIQUE INDEX letter_out_number ON letter_out (leg_id, number) WHERE number > 0 AND state <> 'voided';
CREATE INDEX letter_out_due ON letter_out (peer, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX letter_out_case ON letter_out (case_id);
CREATE INDEX letter_out_peer ON letter_out (peer, id);
CREATE INDEX letter_out_open ON letter_out (peer, id) WHERE state IN ('waiting','refused','expired');

-- Letters that we received and answered.
CREATE TABLE letter_in (
    id          TEXT    PRIMARY KEY,
    peer        TEXT    NOT NULL,
    case_id     TEXT    NOT NULL,
    leg_id      TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    content     TEXT    NOT NULL,
    sealed      TEXT,
    signature   TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('applied','waiting','refused','voided')),
    received_at INTEGER NOT NULL,
    error       TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX letter_in_number ON letter_in (leg_id, number) WHERE number > 0;
CREATE INDEX letter_in_case ON letter_in (case_id);
CREATE INDEX letter_in_peer ON letter_in (peer, id);
CREATE INDEX letter_in_not_applied ON letter_in (peer, id) WHERE state IN ('refused','waiting');

-- What a door refused and a person should see: letters that are broken or not
-- authentic.
CREATE TABLE refusal (
    id      TEXT    PRIMARY KEY,
    at      INTEGER NOT NULL,
    door    TEXT    NOT NULL,
    peer    TEXT    NOT NULL,
    code    TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    letter  TEXT    NOT NULL,
    raw     BLOB,
    urgent  INTEGER NOT NULL,
    seen_at INTEGER
) STRICT;
CREATE INDEX refusal_unseen ON refusal (id) WHERE seen_at IS NULL;

CREATE TABLE dispute (
    id        TEXT    PRIMARY KEY,
    case_id   TEXT    NOT NULL,
    leg_id    TEXT    NOT NULL,
    item      TEXT    NOT NULL,
    cause     TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX dispute_case ON dispute (case_id);

CREATE TABLE lease (
    name   TEXT    PRIMARY KEY,
    holder TEXT    NOT NULL,
    until  INTEGER NOT NULL
) STRICT;

-- Tokens as text; the index keeps no positions and no copy of the words.
CREATE VIRTUAL TABLE case_search USING fts5 (tokens, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE TABLE case_search_row (
    row     INTEGER PRIMARY KEY,
    case_id TEXT    NOT NULL UNIQUE
) STRICT;

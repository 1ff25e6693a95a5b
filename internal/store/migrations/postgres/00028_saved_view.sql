-- +goose Up
-- Filters of the list of cases that people keep under a name. query is that of the list's address, without its page.
CREATE TABLE saved_view (
    id         TEXT COLLATE "C" PRIMARY KEY,
    person_id  TEXT COLLATE "C" NOT NULL REFERENCES person (id),
    name       TEXT COLLATE "C" NOT NULL,
    query      TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    UNIQUE (person_id, name)
);

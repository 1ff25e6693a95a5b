-- +goose Up
-- Who published a version of a document, and on what ground.
ALTER TABLE document ADD COLUMN by_name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN basis TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Versions of the catalogue in the making.
CREATE TABLE draft (
    id         TEXT COLLATE "C" PRIMARY KEY,
    version    BIGINT NOT NULL,
    title      TEXT COLLATE "C" NOT NULL,
    base       TEXT COLLATE "C" NOT NULL,
    content    TEXT COLLATE "C" NOT NULL,
    tested     TEXT COLLATE "C" NOT NULL,
    by_name    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- +goose Up
-- Which of our keys a peer knows: a new one is announced under the old.
ALTER TABLE link ADD COLUMN told_keys TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE link ADD COLUMN told_kid TEXT COLLATE "C" NOT NULL DEFAULT '';

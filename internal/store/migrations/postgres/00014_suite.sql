-- +goose Up
-- The signing suite of a link; '' is the default.
ALTER TABLE link ADD COLUMN suite TEXT COLLATE "C" NOT NULL DEFAULT '';

-- +goose Up
-- What a version did to past cases when it was tried before it was published.
ALTER TABLE document ADD COLUMN tested TEXT NOT NULL DEFAULT '';

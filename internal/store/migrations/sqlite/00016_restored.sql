-- +goose Up
-- What the database knew last before it was put back from a backup.
ALTER TABLE node ADD COLUMN restored_to INTEGER;

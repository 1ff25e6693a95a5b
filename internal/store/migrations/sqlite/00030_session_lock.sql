-- +goose Up
-- A phone that many use is locked between two tasks without ending the session. pin is a hash, good for this session alone; '' the password opens it.
ALTER TABLE session ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN pin TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN pin_failed INTEGER NOT NULL DEFAULT 0;

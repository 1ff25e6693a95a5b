-- +goose Up
-- Settings of a link's carrier: a JSON object of texts.
ALTER TABLE link ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
-- When a letter was given to a carrier whose receipts come later.
ALTER TABLE letter_out ADD COLUMN handed_at INTEGER;

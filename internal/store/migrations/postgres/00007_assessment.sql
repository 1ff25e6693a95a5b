-- +goose Up
-- Statements go through the legs of a month.
CREATE INDEX leg_sent ON leg (sent_at, id);

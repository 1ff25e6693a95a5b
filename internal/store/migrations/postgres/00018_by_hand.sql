-- +goose Up
-- People carry this leg: the other side is not connected, or was not when it began.
ALTER TABLE leg ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;

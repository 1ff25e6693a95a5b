-- +goose Up
-- Urgent legs that were returned and that nobody has: asked by every overview.
CREATE INDEX leg_given_back ON leg (sent_at, id) WHERE urgent = 1 AND state = 'returned' AND resolution = '' AND side = 'sender';

-- +goose Up
-- Letters of urgent legs go before all others that wait.
ALTER TABLE letter_out ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
UPDATE letter_out SET urgent = 1 WHERE state = 'waiting' AND leg_id IN (SELECT id FROM leg WHERE urgent = 1);
CREATE INDEX letter_out_urgent ON letter_out (peer, next_try_at) WHERE urgent = 1 AND next_try_at IS NOT NULL;

-- +goose Up
-- What statements know of a leg, read from its clocks and its case's call-back; moments in microseconds, 0 none.
ALTER TABLE leg ADD COLUMN sign_due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leg ADD COLUMN signed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leg ADD COLUMN handle_due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leg ADD COLUMN handled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leg ADD COLUMN reopened_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leg ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leg ADD COLUMN solved INTEGER NOT NULL DEFAULT 0; -- 1 no, 2 yes, 0 nobody said
ALTER TABLE leg ADD COLUMN mapped INTEGER NOT NULL DEFAULT 0;
UPDATE leg SET
    sign_due    = COALESCE((SELECT k.due_at FROM clock k WHERE k.case_id = leg.case_id AND k.leg_id = leg.id AND k.kind = 'sign_in' ORDER BY k.start_at, k.id LIMIT 1), 0),
    signed_at   = COALESCE((SELECT k.stopped_at FROM clock k WHERE k.case_id = leg.case_id AND k.leg_id = leg.id AND k.kind = 'sign_in' ORDER BY k.start_at, k.id LIMIT 1), 0),
    handle_due  = COALESCE((SELECT k.due_at FROM clock k WHERE k.case_id = leg.case_id AND k.leg_id = leg.id AND k.kind = 'handling' ORDER BY k.start_at, k.id LIMIT 1), 0),
    handled_at  = COALESCE((SELECT k.stopped_at FROM clock k WHERE k.case_id = leg.case_id AND k.leg_id = leg.id AND k.kind = 'handling' ORDER BY k.start_at, k.id LIMIT 1), 0),
    reopened_at = COALESCE((SELECT k.start_at FROM clock k WHERE k.case_id = leg.case_id AND k.leg_id = leg.id AND k.kind = 'handling' ORDER BY k.start_at, k.id LIMIT 1 OFFSET 1), 0),
    asked_at    = COALESCE((SELECT c.callback_at FROM case_file c WHERE c.id = leg.case_id), 0),
    solved      = COALESCE((SELECT c.solved + 1 FROM case_file c WHERE c.id = leg.case_id), 0),
    mapped      = COALESCE((SELECT c.mapped FROM case_file c WHERE c.id = leg.case_id), 0);

-- +goose Up
-- Since when the return of a leg counts as unfounded; microseconds, 0 it does not. Rulings that stand, and contested returns whose holder took the
-- matter back, are entered for the past.
ALTER TABLE leg ADD COLUMN unfounded_at BIGINT NOT NULL DEFAULT 0;
UPDATE leg SET unfounded_at = COALESCE((SELECT CASE WHEN c.ended_at > leg.moved_at THEN c.ended_at ELSE leg.moved_at END FROM consultation c
    WHERE c.case_id = leg.case_id AND c.state = 'ruled'
    AND (leg.unit <> '' AND c.owner = 'unit:' || leg.unit
        OR leg.unit = '' AND (c.owner = 'platform:' || leg.peer OR c.owner = (SELECT k.line FROM link k WHERE k.peer = leg.peer)))
    AND NOT EXISTS (SELECT 1 FROM consultation d WHERE d.case_id = c.case_id AND d.state = 'ruled' AND d.ended_at > c.ended_at)
    ORDER BY c.id LIMIT 1), 0)
    WHERE state = 'returned' AND side = 'sender';
UPDATE leg SET unfounded_at = COALESCE((SELECT s.signed_at FROM leg s WHERE s.id = leg.successor AND s.unit = leg.unit AND s.peer = leg.peer
        AND s.state IN ('accepted','working','answered','settled','reopened')), 0)
    WHERE state = 'returned' AND side = 'sender' AND contested = 1
    AND NOT EXISTS (SELECT 1 FROM consultation c WHERE c.case_id = leg.case_id AND c.state = 'ruled');
CREATE INDEX leg_unfounded ON leg (unfounded_at) WHERE unfounded_at > 0;
CREATE INDEX consultation_case ON consultation (case_id, ended_at);

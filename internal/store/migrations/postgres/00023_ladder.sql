-- +goose Up
-- The rungs of a clock are those of the ladders now (1 remind, 2 near, 3 over, 4 red, 5 order), where they were near and over. What is over
-- already is looked at again, for the rungs that follow.
UPDATE clock SET rung = rung + 1 WHERE rung > 0;
UPDATE clock SET next_at = due_at WHERE rung = 3 AND stopped_at IS NULL;

-- +goose Up
-- The ledger of suspended time limits: ground, approver, from and to. The reason in words stands in the case's events.
CREATE TABLE suspension (
    id          TEXT   PRIMARY KEY,
    case_id     TEXT   NOT NULL REFERENCES case_file (id),
    leg_id      TEXT   NOT NULL REFERENCES leg (id),
    ground      TEXT   NOT NULL,
    from_at     INTEGER NOT NULL,
    to_at       INTEGER NOT NULL,
    approver    TEXT   NOT NULL,
    approved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX suspension_case ON suspension (case_id, from_at);

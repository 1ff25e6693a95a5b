-- +goose Up
-- The ledger of suspended time limits: ground, approver, from and to. The reason in words stands in the case's events.
CREATE TABLE suspension (
    id          TEXT COLLATE "C" PRIMARY KEY,
    case_id     TEXT COLLATE "C" NOT NULL REFERENCES case_file (id),
    leg_id      TEXT COLLATE "C" NOT NULL REFERENCES leg (id),
    ground      TEXT COLLATE "C" NOT NULL,
    from_at     BIGINT NOT NULL,
    to_at       BIGINT NOT NULL,
    approver    TEXT COLLATE "C" NOT NULL,
    approved_at BIGINT NOT NULL
);
CREATE INDEX suspension_case ON suspension (case_id, from_at);

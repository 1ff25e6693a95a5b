-- +goose Up
-- What the holder of a leg asks where it asks that the time limit stand still (申请中止), as long as that is open.
CREATE TABLE suspension_ask (
    leg_id  TEXT COLLATE "C" PRIMARY KEY REFERENCES leg (id),
    ground  TEXT COLLATE "C" NOT NULL,
    from_at BIGINT NOT NULL,
    to_at   BIGINT NOT NULL,
    due_at  BIGINT NOT NULL
);

-- +goose Up
-- What the holder of a leg asks where it asks that the time limit stand still (申请中止), as long as that is open.
CREATE TABLE suspension_ask (
    leg_id  TEXT    PRIMARY KEY REFERENCES leg (id),
    ground  TEXT    NOT NULL,
    from_at INTEGER NOT NULL,
    to_at   INTEGER NOT NULL,
    due_at  INTEGER NOT NULL
) STRICT;

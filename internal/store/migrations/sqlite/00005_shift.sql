-- +goose Up
-- Hand-overs from shift to shift. What one leader tells the next is sealed.
CREATE TABLE shift_handover (
    id          TEXT PRIMARY KEY,
    at          INTEGER NOT NULL,
    gave_id     TEXT NOT NULL,
    gave_name   TEXT NOT NULL,
    took_at     INTEGER,
    took_id     TEXT NOT NULL,
    took_name   TEXT NOT NULL,
    content     TEXT NOT NULL,
    wrapped_key BLOB,
    remarks     BLOB
) STRICT;

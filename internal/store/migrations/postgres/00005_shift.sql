-- +goose Up
-- Hand-overs from shift to shift. What one leader tells the next is sealed.
CREATE TABLE shift_handover (
    id          TEXT COLLATE "C" PRIMARY KEY,
    at          BIGINT NOT NULL,
    gave_id     TEXT COLLATE "C" NOT NULL,
    gave_name   TEXT COLLATE "C" NOT NULL,
    took_at     BIGINT,
    took_id     TEXT COLLATE "C" NOT NULL,
    took_name   TEXT COLLATE "C" NOT NULL,
    content     TEXT COLLATE "C" NOT NULL,
    wrapped_key BYTEA,
    remarks     BYTEA
);

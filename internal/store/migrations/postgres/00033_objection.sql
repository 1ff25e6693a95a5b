-- +goose Up
-- What a unit objects to (考核申诉): one figure of its score of a month, as it stood then, and the case opened for it.
CREATE TABLE objection (
    unit      TEXT COLLATE "C" NOT NULL,
    month     TEXT COLLATE "C" NOT NULL,
    indicator TEXT COLLATE "C" NOT NULL,
    serial    BIGINT           NOT NULL,
    case_id   TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES case_file (id),
    num       BIGINT           NOT NULL,
    den       BIGINT           NOT NULL,
    by_name   TEXT COLLATE "C" NOT NULL,
    at        BIGINT           NOT NULL,
    PRIMARY KEY (month, unit, indicator, serial)
);

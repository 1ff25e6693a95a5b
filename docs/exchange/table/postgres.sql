-- The shared table (共建中间数据库) on PostgreSQL. Made once, by either side or by whoever keeps the database.
CREATE TABLE liandong_letter (
    id         VARCHAR(100) NOT NULL,             -- id of the letter
    from_code  VARCHAR(64)  NOT NULL,             -- platform that wrote it
    to_code    VARCHAR(64)  NOT NULL,             -- platform that it is for
    wire       TEXT         NOT NULL,             -- the letter as it stands in docs/exchange, signed
    status     VARCHAR(10)  NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'taken', 'poison')),
    reason     VARCHAR(200) NOT NULL DEFAULT '',  -- why it was set aside
    put_at     TIMESTAMP    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    taken_at   TIMESTAMP,
    PRIMARY KEY (id, from_code)
);
CREATE INDEX liandong_letter_new ON liandong_letter (to_code, put_at) WHERE status = 'new';

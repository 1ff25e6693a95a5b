-- +goose Up
-- What callers said today: the board asks for it every few seconds.
CREATE INDEX event_callback ON event (at) WHERE kind = 'callback';

-- kind: transaction
-- step: expand

-- Parked events: events of the outbox that are newer than the consumer that received them, one row each until a consumer that
-- knows their type and version applies them. `counted` is true for those that the ledger has accounted for. `properties` are
-- the AMQP properties with the headers, the exchange and the routing key. They are JSON, because JSONB refuses the character
-- U+0000, which a header may have.
CREATE TABLE IF NOT EXISTS parked_events (
  event_id   UUID PRIMARY KEY,
  event_type TEXT        NOT NULL,
  version    BIGINT      NOT NULL,
  queue      TEXT        NOT NULL,
  reason     TEXT        NOT NULL,
  counted    BOOLEAN     NOT NULL,
  -- The write database that the message names, if it names one.
  source     UUID,
  body       BYTEA       NOT NULL,
  properties JSON        NOT NULL,
  parked_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
-- Finds the events that a consumer knows, without reading those that it does not.
CREATE INDEX IF NOT EXISTS parked_events_by_version ON parked_events (event_type, version, event_id);

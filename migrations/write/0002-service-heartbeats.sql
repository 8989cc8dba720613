-- kind: transaction
-- step: expand

-- The services that run on this database, a row per process, and their versions. Each repeats its row every few seconds and
-- deletes it at a clean stop. Whoever must wait for older services (a migration that contracts, a rebuild) reads it.
CREATE TABLE IF NOT EXISTS service_heartbeats (
  reporter     TEXT PRIMARY KEY,
  service      TEXT        NOT NULL,
  version      TEXT        NOT NULL,
  started_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

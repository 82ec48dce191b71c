-- The life of a load across processes.

ALTER TABLE ingests
  -- The run that holds it; another run's writes find no row.
  ADD COLUMN claim uuid,
  -- How often it was begun: a file that ends its process each time is given up.
  ADD COLUMN attempts integer NOT NULL DEFAULT 0,
  -- The same bytes may be loaded another time.
  ADD COLUMN allow_duplicate boolean NOT NULL DEFAULT false,
  -- Who asked for it, and who asked to cancel it, as audit entries name an actor.
  ADD COLUMN actor jsonb NOT NULL DEFAULT
    '{"kind": "system", "userId": null, "tokenId": null, "requestId": null, "network": null}',
  ADD COLUMN cancelled_by jsonb;

-- A refused duplicate leaves no row.
GRANT DELETE ON ingests TO bulkhead_app;

DROP INDEX ingests_sha256_idx;

-- The same bytes are loaded once, unless asked for again; those on the way count.
CREATE INDEX ingests_sha256_idx ON ingests (endpoint_id, sha256)
WHERE status IN ('queued', 'running', 'done');

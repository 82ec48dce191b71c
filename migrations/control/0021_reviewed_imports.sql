-- An import by a token is a write: it may wait for a person.

ALTER TABLE ingests DROP CONSTRAINT ingests_status_check;

ALTER TABLE ingests ADD CONSTRAINT ingests_status_check CHECK (
  status IN (
    'uploading', 'queued', 'running', 'waiting', 'done', 'failed', 'cancelled', 'rejected'
  )
) NOT VALID;

ALTER TABLE ingests
  -- Whether it goes in under the grants and policies of the endpoint's writer: what a token sends.
  ADD COLUMN as_writer boolean NOT NULL DEFAULT false,
  -- Whether it waits for a person, whatever the endpoint says.
  ADD COLUMN review boolean NOT NULL DEFAULT false,
  -- Who acts, as the endpoint's journal is to keep it.
  ADD COLUMN written_by jsonb NOT NULL DEFAULT '{}',
  -- Who approved it, and the preview that they saw.
  ADD COLUMN approved_by jsonb,
  ADD COLUMN approved_version text,
  -- Until when the endpoint's database keeps what undoing it needs; null where it keeps nothing.
  ADD COLUMN kept_until timestamptz,
  ADD CHECK (status <> 'waiting' OR as_writer);

CREATE INDEX ingests_waiting_idx ON ingests (created_at) WHERE status = 'waiting';

CREATE INDEX ingests_kept_idx ON ingests (kept_until) WHERE kept_until IS NOT NULL;

-- The same bytes count while they wait, too.
DROP INDEX ingests_sha256_idx;

CREATE INDEX ingests_sha256_idx ON ingests (endpoint_id, sha256)
WHERE status IN ('queued', 'running', 'waiting', 'done');

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- Imports on which nobody decided in time, and those whose time for undoing is over.
CREATE FUNCTION lookup.lapsed_ingests(undecided_for interval) RETURNS TABLE (
  id uuid, tenant_id uuid, endpoint_id uuid, slug text, status text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT i.id, i.tenant_id, i.endpoint_id, e.slug, i.status
  FROM public.ingests i JOIN public.endpoints e ON e.id = i.endpoint_id
  WHERE e.status = 'ready' AND (
    i.status = 'waiting' AND i.created_at < now() - undecided_for OR i.kept_until < now()
  )
  LIMIT 100;
END;

REVOKE ALL ON FUNCTION lookup.lapsed_ingests(interval) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.lapsed_ingests(interval) TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

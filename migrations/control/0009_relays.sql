-- Which trail of migrations an endpoint's own database has; a release that adds to it brings them up.
ALTER TABLE endpoints ADD COLUMN schema_version integer NOT NULL DEFAULT 1;

-- Whose journal has to be looked at. An endpoint's journal is in its own database; before the first write
-- of a while, that it will be written to is noted here, so that a process that is killed right after the
-- write leaves behind where its entries wait.

CREATE TABLE relays (
  endpoint_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  -- Until then, writes may begin without another note.
  wanted_until timestamptz NOT NULL,
  -- When the journal was last seen to hold nothing new, after every such write had to be over.
  drained_at timestamptz,
  -- Entries that are in the audit log and were perhaps not yet struck off the journal's outbox.
  batch jsonb NOT NULL DEFAULT '[]',
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX relays_wanted_idx ON relays (endpoint_id)
WHERE drained_at IS NULL OR drained_at < wanted_until;

ALTER TABLE relays ENABLE ROW LEVEL SECURITY;

ALTER TABLE relays FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON relays TO bulkhead_app USING (tenant_id = current_tenant());

CREATE POLICY lookup ON relays TO bulkhead_lookup USING (true);

GRANT SELECT, INSERT, UPDATE ON relays TO bulkhead_app;

GRANT SELECT ON relays TO bulkhead_lookup;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

CREATE FUNCTION lookup.wanted_relays()
RETURNS TABLE (endpoint_id uuid, tenant_id uuid, slug text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.endpoint_id, r.tenant_id, e.slug
  FROM public.relays r JOIN public.endpoints e ON e.id = r.endpoint_id
  WHERE (r.drained_at IS NULL OR r.drained_at < r.wanted_until) AND e.status = 'ready';
END;

CREATE FUNCTION lookup.outdated_endpoints(current integer)
RETURNS TABLE (endpoint_id uuid, tenant_id uuid, slug text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.id, e.tenant_id, e.slug FROM public.endpoints e
  WHERE e.schema_version < current AND e.status = 'ready';
END;

REVOKE ALL ON FUNCTION lookup.wanted_relays(), lookup.outdated_endpoints(integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.wanted_relays(), lookup.outdated_endpoints(integer)
TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

-- The audit log as a chain per tenant: each entry's hash covers its fields and the hash before it. The
-- application hands in what happened; where it stands, when, and the hash are the database's alone.

ALTER TABLE audit_events
  ADD COLUMN seq bigint CHECK (seq > 0),
  ADD COLUMN hash bytea CHECK (length(hash) = 32),
  ADD CONSTRAINT audit_events_chained CHECK ((seq IS NULL) = (hash IS NULL)),
  ADD CONSTRAINT audit_events_tenant_seq UNIQUE (tenant_id, seq);

-- The last link of each chain; its row lock makes writers of one tenant wait for each other.
CREATE TABLE audit_heads (
  tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  seq bigint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  at timestamptz NOT NULL
);

-- What heads were, hour by hour: against them an end that was cut off is seen.
CREATE TABLE audit_anchors (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  seq bigint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, seq)
);

CREATE INDEX audit_anchors_at_idx ON audit_anchors (tenant_id, at);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_heads', 'audit_anchors'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY tenant ON %I FOR SELECT TO bulkhead_app USING (tenant_id = current_tenant())',
      name
    );
    EXECUTE format('CREATE POLICY lookup ON %I TO bulkhead_lookup USING (true)', name);
  END LOOP;
END
$$;

GRANT SELECT ON audit_heads, audit_anchors TO bulkhead_app;

GRANT SELECT, INSERT, UPDATE ON audit_heads TO bulkhead_lookup;

GRANT SELECT, INSERT ON audit_anchors TO bulkhead_lookup;

GRANT SELECT, UPDATE (at, seq, hash) ON audit_events TO bulkhead_lookup;

REVOKE INSERT ON audit_events FROM bulkhead_app;

GRANT INSERT (
  id, tenant_id, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id, network,
  detail
) ON audit_events TO bulkhead_app;

-- For as long as its functions are being made.
GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- SHA-256 over the hash before and each field, null or with its length in bytes, so that no two entries
-- read alike. What verifies exports repeats it (lib/audit/chain.ts).
CREATE FUNCTION lookup.audit_hash(previous bytea, entry public.audit_events) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT sha256(previous || convert_to(string_agg(
    coalesce(octet_length(field.value) || ':' || field.value, '-'), ',' ORDER BY field.place
  ), 'UTF8'))
  FROM unnest(ARRAY[
    entry.seq::text, entry.id::text, entry.tenant_id::text,
    to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    entry.action, entry.actor_kind, entry.user_id::text, entry.token_id::text,
    entry.endpoint_id::text, entry.subject, entry.request_id::text, entry.network,
    entry.detail::text
  ]) WITH ORDINALITY AS field(value, place);
END;

-- Gives an entry its place. At commit, so that the head's lock is the last one that a transaction takes
-- and no two wait for each other, and so that places are in the order of commits.
CREATE FUNCTION lookup.chain_audit_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  head public.audit_heads;
  entry public.audit_events;
BEGIN
  INSERT INTO public.audit_heads (tenant_id, seq, hash, at)
  VALUES (NEW.tenant_id, 0, decode(repeat('00', 32), 'hex'), '-infinity')
  ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT head FROM public.audit_heads h WHERE h.tenant_id = NEW.tenant_id FOR UPDATE;
  entry := NEW;
  entry.seq := head.seq + 1;
  -- A clock that is set back turns no order around.
  entry.at := greatest(clock_timestamp(), head.at);
  entry.hash := lookup.audit_hash(head.hash, entry);
  UPDATE public.audit_events e SET at = entry.at, seq = entry.seq, hash = entry.hash
  WHERE e.id = entry.id;
  UPDATE public.audit_heads h SET seq = entry.seq, hash = entry.hash, at = entry.at
  WHERE h.tenant_id = entry.tenant_id;
  RETURN NULL;
END
$$;

CREATE FUNCTION lookup.keep_audit_event() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'an audit entry is never changed' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Anchors each head that has moved and was last anchored an hour ago or more; answers what is new.
CREATE FUNCTION lookup.anchor_audit_heads() RETURNS TABLE (tenant_id uuid, seq bigint, hash bytea)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.audit_anchors AS made (tenant_id, seq, hash)
  SELECT h.tenant_id, h.seq, h.hash FROM public.audit_heads h
  WHERE NOT EXISTS (
    SELECT FROM public.audit_anchors a
    WHERE a.tenant_id = h.tenant_id AND (a.seq = h.seq OR a.at > now() - interval '1 hour')
  )
  LIMIT 1000
  ON CONFLICT DO NOTHING
  RETURNING made.tenant_id, made.seq, made.hash;
END;

REVOKE ALL ON FUNCTION lookup.audit_hash(bytea, public.audit_events), lookup.chain_audit_event(),
  lookup.keep_audit_event(), lookup.anchor_audit_heads() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.anchor_audit_heads() TO bulkhead_app;

-- What was written before is chained in the order of its times. As this role, whose policies see every
-- tenant: not even the owner's do.
DO $$
DECLARE
  entry public.audit_events;
  head bytea;
  place bigint;
  tenant uuid;
  latest timestamptz;
BEGIN
  FOR tenant IN SELECT DISTINCT e.tenant_id FROM public.audit_events e LOOP
    head := decode(repeat('00', 32), 'hex');
    place := 0;
    FOR entry IN
      SELECT * FROM public.audit_events e WHERE e.tenant_id = tenant ORDER BY e.at, e.id
    LOOP
      place := place + 1;
      entry.seq := place;
      head := lookup.audit_hash(head, entry);
      latest := entry.at;
      UPDATE public.audit_events e SET seq = place, hash = head WHERE e.id = entry.id;
    END LOOP;
    INSERT INTO public.audit_heads (tenant_id, seq, hash, at) VALUES (tenant, place, head, latest);
  END LOOP;
END
$$;

RESET ROLE;

GRANT TRIGGER ON audit_events TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON public.audit_events
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION lookup.chain_audit_event();

CREATE TRIGGER keep BEFORE UPDATE ON public.audit_events
FOR EACH ROW WHEN (OLD.hash IS NOT NULL)
EXECUTE FUNCTION lookup.keep_audit_event();

RESET ROLE;

REVOKE TRIGGER ON audit_events FROM bulkhead_lookup;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

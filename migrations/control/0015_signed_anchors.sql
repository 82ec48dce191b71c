-- Anchors that prove what they say: signed by a key that the database never holds in the clear, made
-- within a minute of news, and handed out. Who keeps one finds a chain that was rewritten or cut off.

-- The keys that sign anchors: the public half, and the private one wrapped by the master key.
CREATE TABLE audit_signing_keys (
  -- RFC 7638
  kid text PRIMARY KEY,
  public_jwk jsonb NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Anchors that a retired key signed still verify with its public half.
  retired_at timestamptz
);

-- Of several processes that make the first key at once, one does.
CREATE UNIQUE INDEX audit_signing_keys_active ON audit_signing_keys ((true)) WHERE retired_at IS NULL;

ALTER TABLE audit_signing_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_signing_keys FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON audit_signing_keys TO bulkhead_lookup USING (true);

GRANT SELECT, INSERT ON audit_signing_keys TO bulkhead_lookup;

ALTER TABLE audit_anchors
  -- A compact JWS (RFC 7515); null: anchored before anchors were signed, or where a month was deleted.
  ADD COLUMN statement text CHECK (length(statement) < 4000),
  -- When the operator's webhook took it.
  ADD COLUMN pushed_at timestamptz;

CREATE INDEX audit_anchors_time_idx ON audit_anchors (at) WHERE dropped_at IS NULL;

ALTER TABLE audit_heads
  -- The last anchor, by number and hash: an end that was cut off may grow to the same number again.
  ADD COLUMN anchored_seq bigint NOT NULL DEFAULT 0,
  ADD COLUMN anchored_hash bytea NOT NULL DEFAULT '',
  ADD COLUMN anchored_at timestamptz NOT NULL DEFAULT '-infinity';

GRANT UPDATE (statement, pushed_at), DELETE ON audit_anchors TO bulkhead_lookup;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.anchor_audit_heads();

CREATE FUNCTION lookup.audit_signing_keys()
RETURNS TABLE (kid text, public_jwk jsonb, wrapped bytea, active boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT k.kid, k.public_jwk, k.wrapped, k.retired_at IS NULL
  FROM public.audit_signing_keys k ORDER BY k.created_at DESC, k.kid;
END;

CREATE FUNCTION lookup.add_audit_signing_key(new_kid text, new_public_jwk jsonb, new_wrapped bytea)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.audit_signing_keys (kid, public_jwk, wrapped)
  VALUES (new_kid, new_public_jwk, new_wrapped) ON CONFLICT DO NOTHING;
END;

-- The heads that have moved since their last anchor, half a minute ago or more. `broken`: the chain does
-- not hold what was anchored before, so somebody rewrote it or cut it off.
CREATE FUNCTION lookup.due_audit_heads()
RETURNS TABLE (tenant_id uuid, seq bigint, hash bytea, broken boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.tenant_id, h.seq, h.hash, last.seq IS NOT NULL AND NOT EXISTS (
    SELECT FROM public.audit_events e
    WHERE e.tenant_id = h.tenant_id AND e.seq = last.seq AND e.hash = last.hash
  )
  FROM public.audit_heads h LEFT JOIN LATERAL (
    SELECT a.seq, a.hash FROM public.audit_anchors a
    WHERE a.tenant_id = h.tenant_id AND a.dropped_at IS NULL ORDER BY a.seq DESC LIMIT 1
  ) last ON true
  WHERE (h.seq, h.hash) <> (h.anchored_seq, h.anchored_hash)
    AND h.anchored_at < now() - interval '30 seconds'
  ORDER BY h.anchored_at LIMIT 1000;
END;

-- Keeps a signed anchor, once, and only of an entry that is in the log as it says.
CREATE FUNCTION lookup.keep_audit_anchor(
  anchored_tenant uuid, anchored_seq bigint, anchored_hash bytea, signed_statement text
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.audit_anchors AS a (tenant_id, seq, hash, statement)
  SELECT e.tenant_id, e.seq, e.hash, signed_statement FROM public.audit_events e
  WHERE e.tenant_id = anchored_tenant AND e.seq = anchored_seq AND e.hash = anchored_hash
  ON CONFLICT (tenant_id, seq) DO UPDATE SET statement = EXCLUDED.statement
    WHERE a.statement IS NULL AND a.hash = EXCLUDED.hash;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE public.audit_heads h
  SET anchored_seq = keep_audit_anchor.anchored_seq, anchored_at = now(),
    anchored_hash = keep_audit_anchor.anchored_hash
  WHERE h.tenant_id = anchored_tenant;
  RETURN true;
END
$$;

-- Signed anchors of the last week that the webhook has not taken yet, oldest first.
CREATE FUNCTION lookup.unpushed_audit_anchors()
RETURNS TABLE (tenant_id uuid, seq bigint, statement text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.tenant_id, a.seq, a.statement FROM public.audit_anchors a
  WHERE a.at > now() - interval '7 days' AND a.statement IS NOT NULL AND a.pushed_at IS NULL
    AND a.dropped_at IS NULL
  ORDER BY a.at, a.tenant_id, a.seq LIMIT 500;
END;

CREATE FUNCTION lookup.mark_audit_anchors_pushed(tenants uuid[], seqs bigint[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.audit_anchors a SET pushed_at = now()
  FROM unnest(tenants, seqs) AS taken (tenant_id, seq)
  WHERE a.tenant_id = taken.tenant_id AND a.seq = taken.seq;
END;

-- Of anchors that are a week old, the last of each hour stays.
CREATE FUNCTION lookup.thin_audit_anchors() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.audit_anchors a
  WHERE a.at < now() - interval '7 days' AND a.at > now() - interval '8 days'
    AND a.dropped_at IS NULL
    AND EXISTS (
      SELECT FROM public.audit_anchors later
      WHERE later.tenant_id = a.tenant_id AND later.seq > a.seq
        AND later.dropped_at IS NULL AND later.at > a.at
        AND later.at < date_trunc('hour', a.at) + interval '1 hour'
    );
END;

REVOKE ALL ON FUNCTION lookup.audit_signing_keys(), lookup.add_audit_signing_key(text, jsonb, bytea),
  lookup.due_audit_heads(), lookup.keep_audit_anchor(uuid, bigint, bytea, text),
  lookup.unpushed_audit_anchors(), lookup.mark_audit_anchors_pushed(uuid[], bigint[]),
  lookup.thin_audit_anchors() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.audit_signing_keys(),
  lookup.add_audit_signing_key(text, jsonb, bytea), lookup.due_audit_heads(),
  lookup.keep_audit_anchor(uuid, bigint, bytea, text), lookup.unpushed_audit_anchors(),
  lookup.mark_audit_anchors_pushed(uuid[], bigint[]), lookup.thin_audit_anchors() TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

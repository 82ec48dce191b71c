-- An entry waits outside of the log until its transaction commits, and is written once, with its place. Until
-- now it was written and then changed: twice into every index, and each entry of a transaction passed by
-- all the heads before its own, so that a thousand entries at once cost five times as much a piece.

CREATE TABLE audit_pending (
  -- What happened in one transaction is chained in this order.
  ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  action text NOT NULL,
  actor_kind text NOT NULL
    CHECK (actor_kind IN ('dashboard', 'mcp', 'rest', 'agent', 'system')),
  user_id uuid,
  token_id uuid,
  endpoint_id uuid,
  subject text,
  request_id uuid,
  network text,
  detail jsonb NOT NULL DEFAULT '{}'
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

ALTER TABLE audit_pending ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_pending FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON audit_pending TO bulkhead_app USING (tenant_id = current_tenant());

CREATE POLICY lookup ON audit_pending TO bulkhead_lookup USING (true);

GRANT INSERT (
  id, tenant_id, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id, network,
  detail
) ON audit_pending TO bulkhead_app;

GRANT SELECT, DELETE ON audit_pending TO bulkhead_lookup;

DROP TRIGGER chain ON audit_events;

REVOKE INSERT ON audit_events FROM bulkhead_app;

REVOKE UPDATE (at, seq, hash) ON audit_events FROM bulkhead_lookup;

GRANT INSERT (
  id, tenant_id, at, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id, network,
  detail, seq, hash
) ON audit_events TO bulkhead_lookup;

-- Nothing is in the log without its place.
ALTER TABLE audit_events ALTER COLUMN seq SET NOT NULL, ALTER COLUMN hash SET NOT NULL;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.chain_audit_event();

-- Gives a transaction's entries of a tenant their places, all of them at the first one's turn. At commit,
-- so that the head's lock is the last one that a transaction takes and no two wait for each other, and so
-- that places are in the order of commits. What waits is the transaction's own: others' is not seen before
-- they commit, and gone when they have.
CREATE FUNCTION lookup.chain_audit_entries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  head public.audit_heads;
  entry public.audit_events;
  waiting public.audit_pending;
BEGIN
  IF NOT EXISTS (SELECT FROM public.audit_pending p WHERE p.ordinal = NEW.ordinal) THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.audit_heads (tenant_id, seq, hash, at)
  VALUES (NEW.tenant_id, 0, decode(repeat('00', 32), 'hex'), '-infinity')
  ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT head FROM public.audit_heads h WHERE h.tenant_id = NEW.tenant_id FOR UPDATE;
  FOR waiting IN
    SELECT * FROM public.audit_pending p WHERE p.tenant_id = NEW.tenant_id ORDER BY p.ordinal
  LOOP
    entry := NULL;
    entry.id := waiting.id;
    entry.tenant_id := waiting.tenant_id;
    entry.action := waiting.action;
    entry.actor_kind := waiting.actor_kind;
    entry.user_id := waiting.user_id;
    entry.token_id := waiting.token_id;
    entry.endpoint_id := waiting.endpoint_id;
    entry.subject := waiting.subject;
    entry.request_id := waiting.request_id;
    entry.network := waiting.network;
    entry.detail := waiting.detail;
    entry.seq := head.seq + 1;
    -- A clock that is set back turns no order around.
    entry.at := greatest(clock_timestamp(), head.at);
    entry.hash := lookup.audit_hash(head.hash, entry);
    INSERT INTO public.audit_events (
      id, tenant_id, at, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id,
      network, detail, seq, hash
    ) VALUES (
      entry.id, entry.tenant_id, entry.at, entry.action, entry.actor_kind, entry.user_id,
      entry.token_id, entry.endpoint_id, entry.subject, entry.request_id, entry.network,
      entry.detail, entry.seq, entry.hash
    );
    head.seq := entry.seq;
    head.hash := entry.hash;
    head.at := entry.at;
  END LOOP;
  DELETE FROM public.audit_pending p WHERE p.tenant_id = NEW.tenant_id;
  UPDATE public.audit_heads h SET seq = head.seq, hash = head.hash, at = head.at
  WHERE h.tenant_id = head.tenant_id;
  RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION lookup.chain_audit_entries() FROM PUBLIC;

RESET ROLE;

GRANT TRIGGER ON audit_pending TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON public.audit_pending
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION lookup.chain_audit_entries();

RESET ROLE;

REVOKE TRIGGER ON audit_pending FROM bulkhead_lookup;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

-- What is in the log stays as it is, whoever asks.
DROP TRIGGER keep ON audit_events;

CREATE TRIGGER keep BEFORE UPDATE ON audit_events
FOR EACH ROW EXECUTE FUNCTION lookup.keep_audit_event();

-- Tokens, finished: from where they are taken, how often, whether a person approves what they change, and
-- replacing one while the old one goes on for a while.

ALTER TABLE tokens
  -- null: from anywhere
  ADD COLUMN networks cidr[] CHECK (cardinality(networks) BETWEEN 1 AND 50),
  -- null: as many as there are
  ADD COLUMN calls_per_minute integer CHECK (calls_per_minute BETWEEN 1 AND 100000),
  ADD COLUMN review boolean NOT NULL DEFAULT false,
  -- Where it was used last: IPv4 /24, IPv6 /48.
  ADD COLUMN last_used_network text,
  -- The token that took its place. It may go on until it expires, and is not replaced again.
  ADD COLUMN replaced_by uuid,
  ADD FOREIGN KEY (tenant_id, replaced_by) REFERENCES tokens (tenant_id, id),
  ADD CONSTRAINT tokens_scope_bounds_abilities CHECK (
    scope = 'mcp:write' OR NOT abilities && ARRAY['rows:insert', 'rows:update', 'rows:delete']
  );

CREATE INDEX tokens_replaced_by_idx ON tokens (tenant_id, replaced_by) WHERE replaced_by IS NOT NULL;

-- Whoever could hand in files could see what became of them: that has a name of its own now. As the role
-- whose policy sees every row.
GRANT UPDATE (abilities) ON tokens TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

UPDATE public.tokens SET abilities = array_append(abilities, 'files:read')
WHERE 'files:write' = ANY (abilities) AND NOT 'files:read' = ANY (abilities);

RESET ROLE;

REVOKE UPDATE (abilities) ON tokens FROM bulkhead_lookup;

GRANT UPDATE (expires_at, last_used_network, replaced_by) ON tokens TO bulkhead_app;

-- A grant says which columns may change, this in which direction: a token ends earlier than it was made
-- to, never later, and what has been revoked stays so.
CREATE FUNCTION forbid_token_widening() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW.expires_at IS DISTINCT FROM OLD.expires_at
    AND coalesce(NEW.expires_at, 'infinity') >= coalesce(OLD.expires_at, 'infinity')
  THEN
    RAISE EXCEPTION 'a token never expires later than it was made to'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL THEN
    RAISE EXCEPTION 'a token that was revoked stays so' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER only_narrower BEFORE UPDATE OF expires_at, revoked_at ON tokens
FOR EACH ROW EXECUTE FUNCTION forbid_token_widening();

-- What it reaches is named in the transaction that makes it; from then on endpoints only go. After the
-- row, so that the policies speak first.
CREATE FUNCTION forbid_token_reach() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.tokens t
    WHERE t.id = NEW.token_id AND t.tenant_id = NEW.tenant_id
      AND t.created_at = transaction_timestamp()
  ) THEN
    RAISE EXCEPTION 'a token reaches no more than it was made for'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER only_at_minting AFTER INSERT OR UPDATE ON token_endpoints
FOR EACH ROW EXECUTE FUNCTION forbid_token_reach();

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.token(bytea);

-- As it was, and what bounds the token's use.
CREATE FUNCTION lookup.token(token_hash bytea) RETURNS TABLE (
  id uuid, tenant_id uuid, name text, scope text, abilities text[], all_endpoints boolean,
  endpoints uuid[], created_by uuid, expires_at timestamptz, grant_id uuid, networks cidr[],
  calls_per_minute integer, review boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.id, t.tenant_id, t.name, t.scope, t.abilities, t.all_endpoints,
    ARRAY(SELECT e.endpoint_id FROM public.token_endpoints e WHERE e.token_id = t.id),
    t.created_by, t.expires_at,
    (SELECT a.grant_id FROM public.oauth_authorizations a WHERE a.id = t.authorization_id),
    t.networks, t.calls_per_minute, t.review
  FROM public.tokens t
  WHERE t.hash = token_hash AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now());
END;

REVOKE EXECUTE ON FUNCTION lookup.token(bytea) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.token(bytea) TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

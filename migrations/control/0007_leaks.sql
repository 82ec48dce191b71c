-- Tokens that were found where they do not belong. Whoever reports one names no tenant: this look-up
-- says whose it is, also of one that is revoked or expired, and says nothing else. What it leads to is
-- done as the application, in that tenant.

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- `hashes` is an array of SHA-256 as hex: one question, however many tokens are reported.
CREATE FUNCTION lookup.leaked(hashes jsonb) RETURNS TABLE (
  hash text, tenant_id uuid, token_id uuid, authorization_id uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH reported AS (
    SELECT DISTINCT decode(r.hash, 'hex') AS hash FROM jsonb_array_elements_text(hashes) AS r(hash)
  )
  SELECT encode(r.hash, 'hex'), t.tenant_id, t.id, t.authorization_id
  FROM reported r JOIN public.tokens t ON t.hash = r.hash
  UNION ALL
  SELECT encode(r.hash, 'hex'), f.tenant_id, NULL::uuid, f.authorization_id
  FROM reported r JOIN public.oauth_refresh_tokens f ON f.hash = r.hash;
END;

REVOKE EXECUTE ON FUNCTION lookup.leaked(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.leaked(jsonb) TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

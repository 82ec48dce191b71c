-- What clients of large hosts need. A registration is known for as long as a connection of it lives: a
-- refresh token that is used goes on, and so must the name that it is presented under. Registrations that
-- nobody agreed to are bounded in number, so that open registration fills no disk. A refresh that comes
-- right after a write was refused is answered with the word to ask the person (step-up).

ALTER TABLE oauth_authorizations
  -- Until when a refresh is such an answer, once; null: it is not.
  ADD COLUMN step_up_until timestamptz;

GRANT UPDATE (step_up_until) ON oauth_authorizations TO bulkhead_app;

-- Those that nobody agreed to, oldest first; what is kept expires later.
CREATE INDEX oauth_clients_unused_idx ON oauth_clients (created_at)
WHERE kind = 'dynamic';

-- Refresh tokens that are out live ninety days from their making, as new ones do.
GRANT UPDATE (expires_at) ON oauth_refresh_tokens TO bulkhead_lookup;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

UPDATE public.oauth_refresh_tokens SET expires_at = created_at + interval '90 days'
WHERE used_at IS NULL AND expires_at > now() AND expires_at < created_at + interval '90 days';

CREATE OR REPLACE FUNCTION lookup.oauth_client(presented text) RETURNS TABLE (
  id uuid, client_id text, kind text, tenant_id uuid, name text, redirect_uris jsonb,
  refreshes boolean, auth_method text, secret_hash bytea
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.id, c.client_id, c.kind, c.tenant_id, c.name, c.redirect_uris, c.refreshes,
    c.auth_method, c.secret_hash
  FROM public.oauth_clients c
  WHERE c.client_id = presented AND (
    c.expires_at IS NULL OR c.expires_at > now()
    OR EXISTS (
      SELECT FROM public.oauth_grants g WHERE g.client = c.id AND g.revoked_at IS NULL
    )
  );
END;

-- As it was, and registrations that nobody agreed to beyond the newest, however fast they come. What is
-- younger than an hour stays: somebody may be looking at its consent page.
CREATE FUNCTION lookup.delete_unused_oauth_clients(kept bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.oauth_clients
  WHERE id IN (
    SELECT c.id FROM public.oauth_clients c
    WHERE c.kind = 'dynamic' AND NOT EXISTS (SELECT FROM public.oauth_grants g WHERE g.client = c.id)
    ORDER BY c.created_at DESC OFFSET kept
  ) AND created_at < now() - interval '1 hour';
END;

-- Whether there was such a token once: one that is revoked or expired is told from one that never was.
-- Asked on failure alone; nothing else of the token is answered.
CREATE FUNCTION lookup.token_known(token_hash bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM public.tokens t WHERE t.hash = token_hash);
END;

REVOKE EXECUTE ON FUNCTION lookup.delete_unused_oauth_clients(bigint), lookup.token_known(bytea)
FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.delete_unused_oauth_clients(bigint), lookup.token_known(bytea)
TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

REVOKE UPDATE (expires_at) ON oauth_refresh_tokens FROM bulkhead_lookup;

-- The authorization server: the apps, what people let them do, and what was issued from it. Codes,
-- secrets and tokens are kept as SHA-256 alone.

CREATE TABLE oauth_clients (
  id uuid PRIMARY KEY,
  -- As the app presents it: a URL where it describes itself by a document, else a name of ours.
  client_id text NOT NULL UNIQUE CHECK (length(client_id) BETWEEN 1 AND 2000),
  kind text NOT NULL CHECK (kind IN ('document', 'dynamic', 'manual')),
  -- Only what was registered by hand belongs to a tenant.
  tenant_id uuid REFERENCES tenants ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  redirect_uris jsonb NOT NULL,
  -- Whether it takes refresh tokens.
  refreshes boolean NOT NULL,
  auth_method text NOT NULL CHECK (
    auth_method IN ('none', 'client_secret_basic', 'client_secret_post')
  ),
  secret_hash bytea CHECK (length(secret_hash) = 32),
  created_by uuid REFERENCES users ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- null: never
  expires_at timestamptz,
  CHECK ((kind = 'manual') = (tenant_id IS NOT NULL)),
  CHECK ((auth_method = 'none') = (secret_hash IS NULL))
);

CREATE INDEX oauth_clients_tenant_idx ON oauth_clients (tenant_id, created_at)
WHERE tenant_id IS NOT NULL;

CREATE INDEX oauth_clients_created_by_idx ON oauth_clients (created_by);

CREATE INDEX oauth_clients_expires_idx ON oauth_clients (expires_at) WHERE expires_at IS NOT NULL;

-- A connection: one app of one person in one tenant. Re-authorizing changes it, never makes another.
CREATE TABLE oauth_grants (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  client uuid NOT NULL REFERENCES oauth_clients ON DELETE CASCADE,
  -- As the person saw the app when they agreed last.
  app_name text NOT NULL,
  app_id text NOT NULL,
  app_host text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  agreed_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz,
  calls bigint NOT NULL DEFAULT 0,
  revoked_at timestamptz,
  UNIQUE (tenant_id, id),
  -- Who leaves the tenant takes their connections along.
  FOREIGN KEY (tenant_id, user_id) REFERENCES members ON DELETE CASCADE
);

CREATE UNIQUE INDEX oauth_grants_live_key ON oauth_grants (tenant_id, user_id, client)
WHERE revoked_at IS NULL;

CREATE INDEX oauth_grants_member_idx ON oauth_grants (tenant_id, user_id);

CREATE INDEX oauth_grants_client_idx ON oauth_grants (client);

-- What the connection reaches at most, endpoint by endpoint.
CREATE TABLE oauth_grant_endpoints (
  tenant_id uuid NOT NULL,
  grant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  scope text NOT NULL CHECK (scope IN ('mcp', 'mcp:write')),
  PRIMARY KEY (grant_id, endpoint_id),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grants (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX oauth_grant_endpoints_endpoint_idx ON oauth_grant_endpoints (tenant_id, endpoint_id);

-- One request that a person agreed to: its code, and what all that is issued from it may do at most.
CREATE TABLE oauth_authorizations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  grant_id uuid NOT NULL,
  scope text NOT NULL CHECK (scope IN ('mcp', 'mcp:write')),
  endpoints uuid[] NOT NULL,
  code_hash bytea NOT NULL UNIQUE CHECK (length(code_hash) = 32),
  code_expires_at timestamptz NOT NULL,
  code_used_at timestamptz,
  code_challenge text NOT NULL CHECK (length(code_challenge) = 43),
  -- null: the request named none, and the app has a single one
  redirect_uri text,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grants (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX oauth_authorizations_grant_idx ON oauth_authorizations (tenant_id, grant_id);

-- Those used stay until they expire: only so is a second use seen.
CREATE TABLE oauth_refresh_tokens (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  tenant_id uuid NOT NULL,
  authorization_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  FOREIGN KEY (tenant_id, authorization_id)
    REFERENCES oauth_authorizations (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX oauth_refresh_tokens_authorization_idx
ON oauth_refresh_tokens (tenant_id, authorization_id);

CREATE INDEX oauth_refresh_tokens_expires_idx ON oauth_refresh_tokens (expires_at);

-- Access tokens are bearer tokens like the others, checked over the same path.
ALTER TABLE tokens
  ADD COLUMN authorization_id uuid,
  ADD FOREIGN KEY (tenant_id, authorization_id)
    REFERENCES oauth_authorizations (tenant_id, id) ON DELETE CASCADE,
  ADD CHECK ((kind = 'oat') = (authorization_id IS NOT NULL)),
  -- Refresh tokens have a table of their own, where no bearer look-up finds them.
  ADD CHECK (kind <> 'ort');

CREATE INDEX tokens_authorization_idx ON tokens (tenant_id, authorization_id)
WHERE authorization_id IS NOT NULL;

CREATE INDEX tokens_issued_expires_idx ON tokens (expires_at) WHERE kind = 'oat';

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'oauth_clients', 'oauth_grants', 'oauth_grant_endpoints', 'oauth_authorizations',
    'oauth_refresh_tokens'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY tenant ON %I TO bulkhead_app USING (tenant_id = current_tenant())', name
    );
    EXECUTE format('CREATE POLICY lookup ON %I TO bulkhead_lookup USING (true)', name);
  END LOOP;
END
$$;

GRANT SELECT, INSERT, DELETE ON oauth_clients TO bulkhead_app;

GRANT SELECT, INSERT ON oauth_grants TO bulkhead_app;

-- Whose connection it is, and of which app, is frozen.
GRANT UPDATE (app_name, app_id, app_host, agreed_at, last_used_at, calls, revoked_at)
ON oauth_grants TO bulkhead_app;

GRANT SELECT, INSERT ON oauth_grant_endpoints TO bulkhead_app;

GRANT UPDATE (scope) ON oauth_grant_endpoints TO bulkhead_app;

GRANT SELECT, INSERT ON oauth_authorizations TO bulkhead_app;

GRANT UPDATE (code_used_at, revoked_at) ON oauth_authorizations TO bulkhead_app;

GRANT SELECT, INSERT ON oauth_refresh_tokens TO bulkhead_app;

GRANT UPDATE (used_at) ON oauth_refresh_tokens TO bulkhead_app;

GRANT SELECT, INSERT, DELETE ON oauth_clients TO bulkhead_lookup;

GRANT UPDATE (name, refreshes, expires_at) ON oauth_clients TO bulkhead_lookup;

GRANT SELECT, DELETE ON oauth_grants, oauth_authorizations, oauth_refresh_tokens TO bulkhead_lookup;

GRANT DELETE ON tokens TO bulkhead_lookup;

-- As it was, and whose connection the token belongs to.
GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.token(bytea);

CREATE FUNCTION lookup.token(token_hash bytea) RETURNS TABLE (
  id uuid, tenant_id uuid, name text, scope text, abilities text[], all_endpoints boolean,
  endpoints uuid[], created_by uuid, expires_at timestamptz, grant_id uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.id, t.tenant_id, t.name, t.scope, t.abilities, t.all_endpoints,
    ARRAY(SELECT e.endpoint_id FROM public.token_endpoints e WHERE e.token_id = t.id),
    t.created_by, t.expires_at,
    (SELECT a.grant_id FROM public.oauth_authorizations a WHERE a.id = t.authorization_id)
  FROM public.tokens t
  WHERE t.hash = token_hash AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now());
END;

CREATE FUNCTION lookup.oauth_client(presented text) RETURNS TABLE (
  id uuid, client_id text, kind text, tenant_id uuid, name text, redirect_uris jsonb,
  refreshes boolean, auth_method text, secret_hash bytea
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.id, c.client_id, c.kind, c.tenant_id, c.name, c.redirect_uris, c.refreshes,
    c.auth_method, c.secret_hash
  FROM public.oauth_clients c
  WHERE c.client_id = presented AND (c.expires_at IS NULL OR c.expires_at > now());
END;

CREATE FUNCTION lookup.register_oauth_client(
  new_id uuid, new_client_id text, new_name text, uris jsonb, new_refreshes boolean, method text,
  new_secret_hash bytea, lives_for interval
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.oauth_clients (
    id, client_id, kind, name, redirect_uris, refreshes, auth_method, secret_hash, expires_at
  ) VALUES (
    new_id, new_client_id, 'dynamic', new_name, uris, new_refreshes, method, new_secret_hash,
    now() + lives_for
  );
END;

-- An app that somebody agreed to is kept for longer than one that nobody has.
CREATE FUNCTION lookup.keep_oauth_client(kept uuid, lives_for interval) RETURNS uuid
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.oauth_clients SET expires_at = now() + lives_for
  WHERE id = kept AND kind = 'dynamic' RETURNING id;
END;

-- One that describes itself by a document becomes known when somebody first agrees to it.
CREATE FUNCTION lookup.keep_oauth_document(
  fresh_id uuid, url text, seen_name text, seen_refreshes boolean, lives_for interval
) RETURNS uuid
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.oauth_clients AS c (
    id, client_id, kind, name, redirect_uris, refreshes, auth_method, expires_at
  ) VALUES (
    fresh_id, url, 'document', seen_name, '[]', seen_refreshes, 'none', now() + lives_for
  )
  ON CONFLICT (client_id) DO UPDATE SET
    name = excluded.name, refreshes = excluded.refreshes, expires_at = excluded.expires_at
  WHERE c.kind = 'document'
  RETURNING c.id;
END;

CREATE FUNCTION lookup.oauth_code(presented bytea) RETURNS TABLE (
  authorization_id uuid, tenant_id uuid, client uuid, redirect_uri text, code_challenge text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.id, a.tenant_id, g.client, a.redirect_uri, a.code_challenge
  FROM public.oauth_authorizations a JOIN public.oauth_grants g ON g.id = a.grant_id
  WHERE a.code_hash = presented;
END;

CREATE FUNCTION lookup.oauth_refresh_token(presented bytea) RETURNS TABLE (
  authorization_id uuid, tenant_id uuid, client uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.id, a.tenant_id, g.client
  FROM public.oauth_refresh_tokens r
  JOIN public.oauth_authorizations a ON a.id = r.authorization_id
  JOIN public.oauth_grants g ON g.id = a.grant_id
  WHERE r.hash = presented AND r.expires_at > now();
END;

CREATE FUNCTION lookup.oauth_access_token(presented bytea) RETURNS TABLE (
  token_id uuid, tenant_id uuid, client uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.id, t.tenant_id, g.client
  FROM public.tokens t
  JOIN public.oauth_authorizations a ON a.id = t.authorization_id
  JOIN public.oauth_grants g ON g.id = a.grant_id
  WHERE t.hash = presented AND t.revoked_at IS NULL AND t.expires_at > now();
END;

-- What can be of no use any more, the inner first. Access tokens stay a while, for those who read
-- what they did.
CREATE FUNCTION lookup.delete_expired_oauth() RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.tokens WHERE kind = 'oat' AND expires_at < now() - interval '7 days';
  DELETE FROM public.oauth_refresh_tokens WHERE expires_at < now();
  DELETE FROM public.oauth_authorizations a
  WHERE a.code_expires_at < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM public.oauth_refresh_tokens r WHERE r.authorization_id = a.id)
    AND NOT EXISTS (SELECT FROM public.tokens t WHERE t.authorization_id = a.id);
  DELETE FROM public.oauth_grants g
  WHERE g.agreed_at < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM public.oauth_authorizations a WHERE a.grant_id = g.id);
  DELETE FROM public.oauth_clients c
  WHERE c.expires_at < now()
    AND NOT EXISTS (SELECT FROM public.oauth_grants g WHERE g.client = c.id);
END;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA lookup FROM PUBLIC;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA lookup TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

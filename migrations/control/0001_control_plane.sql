-- The control plane. Applied by the administrator role, which owns everything here.
-- bulkhead_app serves: row-level security bounds it to the tenant of the transaction.
-- bulkhead_lookup owns the look-ups that come before the tenant is known.

CREATE SCHEMA lookup;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO bulkhead_app, bulkhead_lookup;

GRANT USAGE ON SCHEMA lookup TO bulkhead_app;

-- The tenant of the transaction; null (and so no row) where none was set.
CREATE FUNCTION public.current_tenant() RETURNS uuid
LANGUAGE sql STABLE
RETURN nullif(current_setting('bulkhead.tenant_id', true), '')::uuid;

-- Only the administrator reads this. The application's login role is named at random, so that
-- several installations share one cluster without sharing a password.
CREATE TABLE installation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  app_role text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE clusters (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  -- null: the cluster that holds this control database
  admin_url bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO clusters (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'default');

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenant_keys (
  tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  master_key_id text NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A person belongs to no tenant; memberships do.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
  -- null: an account without a password, which signs in by link
  password_hash text,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email_key ON users (email);

CREATE TABLE members (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id)
);

CREATE INDEX members_user_id_idx ON members (user_id);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES members ON DELETE CASCADE
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE INDEX sessions_member_idx ON sessions (tenant_id, user_id);

CREATE TABLE sign_in_links (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  FOREIGN KEY (tenant_id, user_id) REFERENCES members ON DELETE CASCADE
);

CREATE INDEX sign_in_links_member_idx ON sign_in_links (tenant_id, user_id);

CREATE TABLE endpoints (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status text NOT NULL CHECK (status IN ('provisioning', 'ready', 'deleting')),
  -- The claim of the process that provisions or deletes; past it, the sweeper cleans up.
  lease_until timestamptz,
  cluster_id uuid NOT NULL REFERENCES clusters,
  database_name text NOT NULL UNIQUE,
  owner_role text NOT NULL UNIQUE,
  writer_role text NOT NULL UNIQUE,
  reader_role text NOT NULL UNIQUE,
  owner_url bytea NOT NULL,
  writer_url bytea NOT NULL,
  reader_url bytea NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}',
  manifest_version integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, id)
);

CREATE INDEX endpoints_tenant_id_idx ON endpoints (tenant_id, created_at);

CREATE INDEX endpoints_unfinished_idx ON endpoints (lease_until) WHERE status <> 'ready';

CREATE TABLE manifests (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  reason text NOT NULL,
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (endpoint_id, version),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE tokens (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('pat', 'oat', 'ort', 'agt')),
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  prefix text NOT NULL CHECK (length(prefix) = 12),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  scope text NOT NULL CHECK (scope IN ('mcp', 'mcp:write')),
  abilities text[] NOT NULL,
  -- true: each of the tenant's endpoints, now and later; false: those in token_endpoints
  all_endpoints boolean NOT NULL,
  created_by uuid REFERENCES users ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  UNIQUE (tenant_id, id)
);

CREATE INDEX tokens_tenant_id_idx ON tokens (tenant_id, created_at);

CREATE INDEX tokens_created_by_idx ON tokens (created_by);

CREATE TABLE token_endpoints (
  tenant_id uuid NOT NULL,
  token_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  PRIMARY KEY (token_id, endpoint_id),
  FOREIGN KEY (tenant_id, token_id) REFERENCES tokens (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX token_endpoints_endpoint_idx ON token_endpoints (tenant_id, endpoint_id);

CREATE TABLE ingests (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  status text NOT NULL CHECK (
    status IN ('uploading', 'queued', 'running', 'done', 'failed', 'cancelled')
  ),
  file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 300),
  -- null while uploading
  sha256 bytea CHECK (length(sha256) = 32),
  size_bytes bigint,
  options jsonb NOT NULL DEFAULT '{}',
  progress jsonb NOT NULL DEFAULT '{}',
  report jsonb,
  error_code text,
  error_detail text,
  cancel_requested boolean NOT NULL DEFAULT false,
  created_by uuid REFERENCES users ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Renewed by the process that works on it; old means that the process is gone.
  heartbeat_at timestamptz,
  finished_at timestamptz,
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX ingests_endpoint_idx ON ingests (tenant_id, endpoint_id, created_at);

CREATE INDEX ingests_created_by_idx ON ingests (created_by);

CREATE INDEX ingests_unfinished_idx ON ingests (status) WHERE status IN ('uploading', 'queued', 'running');

-- The same bytes are loaded once, unless asked for again.
CREATE INDEX ingests_sha256_idx ON ingests (endpoint_id, sha256) WHERE status = 'done';

-- Append-only by grant: the application may insert and read.
CREATE TABLE audit_events (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT now(),
  action text NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('dashboard', 'mcp', 'rest', 'agent', 'system')),
  user_id uuid,
  token_id uuid,
  endpoint_id uuid,
  subject text,
  request_id uuid,
  network text,
  detail jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX audit_events_tenant_idx ON audit_events (tenant_id, at);

-- One row a call: never arguments, never the answer.
CREATE TABLE usage_events (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  endpoint_id uuid NOT NULL,
  token_id uuid,
  at timestamptz NOT NULL,
  tool text NOT NULL,
  status text NOT NULL,
  latency_us integer NOT NULL
);

CREATE INDEX usage_events_endpoint_idx ON usage_events (tenant_id, endpoint_id, at);

-- Row-level security: forced, so that not even the owner passes by it.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenants FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON tenants TO bulkhead_app USING (id = current_tenant());

CREATE POLICY lookup ON tenants TO bulkhead_lookup USING (true);

-- users carries no tenant: the application reaches it through look-up functions alone.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;

ALTER TABLE users FORCE ROW LEVEL SECURITY;

CREATE POLICY fellow ON users FOR SELECT TO bulkhead_app USING (
  EXISTS (
    SELECT FROM members
    WHERE members.user_id = users.id AND members.tenant_id = current_tenant()
  )
);

CREATE POLICY lookup ON users TO bulkhead_lookup USING (true);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'tenant_keys', 'members', 'sessions', 'sign_in_links', 'endpoints', 'manifests', 'tokens',
    'token_endpoints', 'ingests', 'audit_events', 'usage_events'
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

GRANT SELECT, UPDATE (name) ON tenants TO bulkhead_app;

GRANT SELECT, INSERT ON tenant_keys TO bulkhead_app;

-- Not the password hash: that leaves through the sign-in look-up alone.
GRANT SELECT (id, email, created_at) ON users TO bulkhead_app;

GRANT SELECT ON members TO bulkhead_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON endpoints TO bulkhead_app;

GRANT SELECT, INSERT ON manifests TO bulkhead_app;

GRANT SELECT, INSERT ON tokens TO bulkhead_app;

-- A token can be narrowed or revoked, never widened: hash, scope and tenant are frozen.
GRANT UPDATE (name, revoked_at, last_used_at) ON tokens TO bulkhead_app;

GRANT SELECT, INSERT, DELETE ON token_endpoints TO bulkhead_app;

GRANT SELECT, INSERT, UPDATE ON ingests TO bulkhead_app;

GRANT SELECT, INSERT ON audit_events TO bulkhead_app;

GRANT SELECT, INSERT ON usage_events TO bulkhead_app;

GRANT SELECT (id, name) ON clusters TO bulkhead_app;

GRANT SELECT ON tenants, users, members, sessions, sign_in_links, endpoints, tokens,
  token_endpoints, ingests TO bulkhead_lookup;

GRANT INSERT ON tenants, users, members, sessions, sign_in_links TO bulkhead_lookup;

GRANT UPDATE (last_used_at, expires_at) ON sessions TO bulkhead_lookup;

GRANT UPDATE (used_at) ON sign_in_links TO bulkhead_lookup;

GRANT DELETE ON sessions, sign_in_links TO bulkhead_lookup;

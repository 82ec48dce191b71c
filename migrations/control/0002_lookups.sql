-- Look-ups that come before the tenant is known. Each answers one narrow question, with a pinned
-- search_path, and is owned by bulkhead_lookup, whose policies see every row.

GRANT USAGE, CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

CREATE FUNCTION lookup.token(token_hash bytea) RETURNS TABLE (
  id uuid, tenant_id uuid, name text, scope text, abilities text[], all_endpoints boolean,
  endpoints uuid[], created_by uuid, expires_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.id, t.tenant_id, t.name, t.scope, t.abilities, t.all_endpoints,
    ARRAY(SELECT e.endpoint_id FROM public.token_endpoints e WHERE e.token_id = t.id),
    t.created_by, t.expires_at
  FROM public.tokens t
  WHERE t.hash = token_hash AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now());
END;

CREATE FUNCTION lookup.endpoint(endpoint_slug text) RETURNS TABLE (
  id uuid, tenant_id uuid, slug text, name text, status text, manifest_version integer, settings jsonb
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.id, e.tenant_id, e.slug, e.name, e.status, e.manifest_version, e.settings
  FROM public.endpoints e WHERE e.slug = endpoint_slug;
END;

CREATE FUNCTION lookup.user_by_email(address text) RETURNS TABLE (
  id uuid, password_hash text, tenant_id uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT u.id, u.password_hash,
    (SELECT m.tenant_id FROM public.members m WHERE m.user_id = u.id ORDER BY m.created_at, m.tenant_id LIMIT 1)
  FROM public.users u WHERE u.email = lower(address);
END;

-- Makes an account with a tenant of its own; answers false where the address is taken.
CREATE FUNCTION lookup.create_account(
  new_user uuid, address text, new_password_hash text, new_tenant uuid, tenant_name text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.users (id, email, password_hash)
  VALUES (new_user, lower(address), new_password_hash)
  ON CONFLICT (email) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO public.tenants (id, name) VALUES (new_tenant, tenant_name);
  INSERT INTO public.members (tenant_id, user_id, role) VALUES (new_tenant, new_user, 'owner');
  RETURN true;
END
$$;

CREATE FUNCTION lookup.create_session(
  new_session uuid, session_hash bytea, session_user_id uuid, session_tenant_id uuid, lives_until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.sessions (id, hash, user_id, tenant_id, expires_at)
  VALUES (new_session, session_hash, session_user_id, session_tenant_id, lives_until);
END;

CREATE FUNCTION lookup.session(session_hash bytea) RETURNS TABLE (
  id uuid, user_id uuid, tenant_id uuid, email text, role text, tenant_name text, last_used_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.id, s.user_id, s.tenant_id, u.email, m.role, t.name, s.last_used_at
  FROM public.sessions s
  JOIN public.users u ON u.id = s.user_id
  JOIN public.tenants t ON t.id = s.tenant_id
  JOIN public.members m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
  WHERE s.hash = session_hash AND s.expires_at > now();
END;

CREATE FUNCTION lookup.touch_session(session_id uuid, lives_until timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.sessions SET last_used_at = now(), expires_at = lives_until WHERE id = session_id;
END;

CREATE FUNCTION lookup.end_session(session_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.sessions WHERE hash = session_hash;
END;

CREATE FUNCTION lookup.create_sign_in_link(
  link_hash bytea, link_user_id uuid, link_tenant_id uuid, lives_until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.sign_in_links (hash, user_id, tenant_id, expires_at)
  VALUES (link_hash, link_user_id, link_tenant_id, lives_until);
END;

-- One conditional update: of two that present the same link at once, one gets a row.
CREATE FUNCTION lookup.spend_sign_in_link(link_hash bytea) RETURNS TABLE (user_id uuid, tenant_id uuid)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.sign_in_links l SET used_at = now()
  WHERE l.hash = link_hash AND l.used_at IS NULL AND l.expires_at > now()
  RETURNING l.user_id, l.tenant_id;
END;

CREATE FUNCTION lookup.delete_expired() RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.sessions WHERE expires_at < now();
  DELETE FROM public.sign_in_links WHERE expires_at < now() - interval '23 hours';
END;

-- What a killed process left half done: endpoints whose claim has lapsed, loads that nobody works on.
CREATE FUNCTION lookup.abandoned_endpoints() RETURNS TABLE (id uuid, tenant_id uuid, status text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.id, e.tenant_id, e.status FROM public.endpoints e
  WHERE e.status <> 'ready' AND coalesce(e.lease_until, '-infinity') < now();
END;

CREATE FUNCTION lookup.abandoned_ingests(silent_for interval) RETURNS TABLE (
  id uuid, tenant_id uuid, endpoint_id uuid, status text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT i.id, i.tenant_id, i.endpoint_id, i.status FROM public.ingests i
  WHERE i.status IN ('uploading', 'queued', 'running')
    AND coalesce(i.heartbeat_at, i.created_at) < now() - silent_for;
END;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA lookup FROM PUBLIC;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA lookup TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

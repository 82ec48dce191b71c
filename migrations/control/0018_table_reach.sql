-- Tokens and connections of apps reach tables, not only endpoints: all tables of an endpoint, or chosen
-- ones, each to read or to write. By the tables' names, as the endpoint's rules are kept.

-- Whether something is a choice of tables: names, each with what may be done there.
CREATE FUNCTION public.is_table_reach(tables jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN jsonb_typeof(tables) = 'object' THEN (
  SELECT count(*) BETWEEN 1 AND 500
    AND bool_and(length(t.key) BETWEEN 1 AND 63 AND t.value IN ('"read"', '"write"'))
  FROM jsonb_each(tables) t
) ELSE false END;

-- Whether a choice of tables lies within another; null: all tables.
CREATE FUNCTION public.table_reach_within(inside jsonb, outside jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
  WHEN outside IS NULL THEN true
  WHEN inside IS NULL THEN false
  ELSE NOT EXISTS (
    SELECT FROM jsonb_each_text(inside) t
    WHERE coalesce(outside ->> t.key, '') NOT IN ('write', t.value)
  )
END;

ALTER TABLE token_endpoints
  -- null: all tables, also those that come later
  ADD COLUMN tables jsonb CHECK (tables IS NULL OR public.is_table_reach(tables));

ALTER TABLE oauth_grant_endpoints
  ADD COLUMN tables jsonb CHECK (tables IS NULL OR public.is_table_reach(tables));

-- By the endpoint's id, as it was agreed to.
ALTER TABLE oauth_authorizations
  ADD COLUMN tables jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tables) = 'object');

-- Of the connection alone: what was agreed to with fewer tables is never issued with more.
GRANT UPDATE (tables) ON oauth_grant_endpoints TO bulkhead_app;

-- What a token reaches is frozen when it is made (no UPDATE is granted). Here it is held to what it is
-- made from, whoever makes it.
CREATE FUNCTION public.bound_table_reach() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  made public.tokens;
BEGIN
  SELECT * INTO STRICT made FROM public.tokens t
  WHERE t.tenant_id = NEW.tenant_id AND t.id = NEW.token_id;
  -- Rules, keys and settings are the whole endpoint's: who sets them reaches all of it.
  IF NEW.tables IS NOT NULL AND 'api:endpoints:write' = ANY (made.abilities) THEN
    RAISE EXCEPTION 'who changes endpoints reaches all of their tables'
      USING ERRCODE = 'restrict_violation';
  END IF;
  -- The tokens that it was made by or with, and the one whose place it takes; a token of all endpoints
  -- has no row here, and reaches all tables.
  IF EXISTS (
    SELECT FROM public.tokens p
    JOIN public.token_endpoints b ON b.token_id = p.id AND b.endpoint_id = NEW.endpoint_id
    WHERE p.tenant_id = NEW.tenant_id AND p.id <> made.id
      AND (
        p.id IN (made.minted_by, made.made_with)
        OR p.series = made.series AND p.replaced_by IS NULL
      )
      AND NOT public.table_reach_within(NEW.tables, b.tables)
  ) THEN
    RAISE EXCEPTION 'a token reaches no more tables than the one that it is made from'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF made.authorization_id IS NOT NULL AND NOT (
    SELECT public.table_reach_within(NEW.tables, a.tables -> NEW.endpoint_id::text)
      AND public.table_reach_within(NEW.tables, g.tables)
    FROM public.oauth_authorizations a
    JOIN public.oauth_grant_endpoints g
      ON g.grant_id = a.grant_id AND g.endpoint_id = NEW.endpoint_id
    WHERE a.tenant_id = NEW.tenant_id AND a.id = made.authorization_id
  ) THEN
    RAISE EXCEPTION 'an access token reaches no more tables than were agreed to'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER bound_tables AFTER INSERT OR UPDATE ON token_endpoints
FOR EACH ROW EXECUTE FUNCTION public.bound_table_reach();

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- The tables that a token reaches, by endpoint; null: all tables of all its endpoints.
CREATE FUNCTION lookup.token_tables(token_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_object_agg(e.endpoint_id, e.tables) FROM public.token_endpoints e
  WHERE e.token_id = token_tables.token_id AND e.tables IS NOT NULL;
END;

REVOKE EXECUTE ON FUNCTION lookup.token_tables(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.token_tables(uuid) TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

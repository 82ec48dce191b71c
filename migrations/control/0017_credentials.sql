-- Credentials end with the reason they were given for: the person who made them, and the token that they
-- were made by.

ALTER TABLE tokens
  -- The token that made it, and bounds it for as long as both live; null: a person did.
  ADD COLUMN minted_by uuid,
  -- The token that acted when it was made, be it as its parent or by putting it in the place of another;
  -- null: a person did.
  ADD COLUMN made_with uuid,
  -- The first token of its tree, or the connection of an app. One pair of eyes, and one budget.
  ADD COLUMN line uuid,
  -- The first of those that took one another's place.
  ADD COLUMN series uuid,
  -- How many tokens stand between it and a person.
  ADD COLUMN depth smallint NOT NULL DEFAULT 0,
  -- The team's: it outlives the membership of who made it.
  ADD COLUMN team boolean NOT NULL DEFAULT false;

GRANT UPDATE (line, series) ON tokens TO bulkhead_lookup;

-- As the role whose policies see every row.
SET LOCAL ROLE bulkhead_lookup;

WITH RECURSIVE chain AS (
  SELECT t.tenant_id, t.id, t.id AS first, t.replaced_by FROM public.tokens t
  WHERE NOT EXISTS (
    SELECT FROM public.tokens o WHERE o.tenant_id = t.tenant_id AND o.replaced_by = t.id
  )
  UNION ALL
  SELECT t.tenant_id, t.id, c.first, t.replaced_by
  FROM chain c JOIN public.tokens t ON t.tenant_id = c.tenant_id AND t.id = c.replaced_by
)
UPDATE public.tokens t
SET series = c.first,
  line = coalesce(
    (SELECT a.grant_id FROM public.oauth_authorizations a WHERE a.id = t.authorization_id), c.first
  )
FROM chain c WHERE c.id = t.id;

-- Whose maker has left, stops; nobody is there to be asked whether the team keeps it.
UPDATE public.tokens t SET revoked_at = now()
WHERE t.revoked_at IS NULL AND NOT EXISTS (
  SELECT FROM public.members m WHERE m.tenant_id = t.tenant_id AND m.user_id = t.created_by
);

RESET ROLE;

REVOKE UPDATE (line, series) ON tokens FROM bulkhead_lookup;

ALTER TABLE tokens
  ALTER COLUMN line SET NOT NULL,
  ALTER COLUMN series SET NOT NULL,
  ADD FOREIGN KEY (tenant_id, minted_by) REFERENCES tokens (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, made_with) REFERENCES tokens (tenant_id, id),
  -- A look-up asks for every token above.
  ADD CONSTRAINT tokens_depth CHECK (depth BETWEEN 0 AND 16),
  ADD CHECK (NOT team OR kind = 'pat');

CREATE INDEX tokens_minted_by_idx ON tokens (tenant_id, minted_by) WHERE minted_by IS NOT NULL;

CREATE INDEX tokens_made_with_idx ON tokens (tenant_id, made_with) WHERE made_with IS NOT NULL;

CREATE INDEX tokens_series_idx ON tokens (tenant_id, series);

CREATE INDEX tokens_line_idx ON tokens (tenant_id, line);

-- Where a token stands is worked out here, not said by who makes it; no grant lets it be changed later.
CREATE FUNCTION public.place_token() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  origin public.tokens;
BEGIN
  NEW.depth := 0;
  IF NEW.authorization_id IS NOT NULL THEN
    NEW.series := NEW.id;
    NEW.line := (
      SELECT a.grant_id FROM public.oauth_authorizations a WHERE a.id = NEW.authorization_id
    );
  ELSIF coalesce(NEW.series, NEW.id) <> NEW.id THEN
    SELECT * INTO origin FROM public.tokens t
    WHERE t.tenant_id = NEW.tenant_id AND t.series = NEW.series AND t.replaced_by IS NULL;
    IF NOT FOUND OR origin.minted_by IS DISTINCT FROM NEW.minted_by OR origin.team <> NEW.team THEN
      RAISE EXCEPTION 'a token that takes the place of another stands where that stood'
        USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.line := origin.line;
    NEW.depth := origin.depth;
  ELSIF NEW.minted_by IS NOT NULL THEN
    SELECT * INTO origin FROM public.tokens t
    WHERE t.tenant_id = NEW.tenant_id AND t.id = NEW.minted_by;
    IF NOT FOUND OR origin.team <> NEW.team THEN
      RAISE EXCEPTION 'a line is the team''s or a person''s' USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.series := NEW.id;
    NEW.line := origin.line;
    NEW.depth := origin.depth + 1;
  ELSE
    NEW.series := NEW.id;
    NEW.line := NEW.id;
    IF NEW.team AND NOT EXISTS (
      SELECT FROM public.members m
      WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.created_by
        AND m.role IN ('owner', 'admin')
    ) THEN
      RAISE EXCEPTION 'owners and admins make tokens of the team'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;
  -- Who is being removed at this moment makes nothing that stays. What is issued to apps goes with them.
  IF NOT NEW.team AND NEW.created_by IS NOT NULL AND NEW.authorization_id IS NULL THEN
    PERFORM 1 FROM public.members m
    WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.created_by FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'members make tokens' USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER placed BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION public.place_token();

-- What a role's credentials may do at most: `abilitiesOf` of the program, and a test holds them equal.
CREATE FUNCTION public.role_abilities(role text) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN role IN ('owner', 'admin', 'member') THEN ARRAY[
    'rows:read', 'rows:insert', 'rows:update', 'rows:delete', 'files:read', 'files:write',
    'activity:read', 'api:endpoints:read', 'api:endpoints:write', 'api:changes:read',
    'api:changes:write', 'api:tokens:read', 'api:tokens:write'
  ]
  WHEN role = 'viewer' THEN ARRAY[
    'rows:read', 'files:read', 'api:endpoints:read', 'api:changes:read', 'api:tokens:read'
  ]
  ELSE ARRAY[]::text[]
END;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- As what the credentials of a maker may act now; null: as nothing. Only a person whose address is
-- confirmed, in a tenant that they are a member of, or the team itself, within what admins may.
CREATE FUNCTION lookup.maker_role(tenant uuid, maker uuid, of_team boolean) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN of_team THEN 'admin' ELSE (
    SELECT m.role FROM public.members m JOIN public.users u ON u.id = m.user_id
    WHERE m.tenant_id = tenant AND m.user_id = maker AND u.email_verified_at IS NOT NULL
  ) END;
END;

DROP FUNCTION lookup.token(bytea);

-- A token and every token above it, each in the form that it has now: what is answered is what all of them
-- allow together. No row where one of them is over, or the maker of one is gone.
CREATE FUNCTION lookup.token(token_hash bytea) RETURNS TABLE (
  id uuid, tenant_id uuid, name text, scope text, abilities text[], all_endpoints boolean,
  endpoints uuid[], created_by uuid, expires_at timestamptz, grant_id uuid, networks cidr[],
  review boolean, role text, team boolean, line uuid, budgets jsonb
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH RECURSIVE chain AS (
    SELECT 0 AS step, t.id, t.tenant_id, t.minted_by, t.series, t.scope, t.abilities, t.all_endpoints,
      t.created_by, t.expires_at, t.revoked_at, t.networks, t.calls_per_minute, t.review, t.team
    FROM public.tokens t WHERE t.hash = token_hash
    UNION ALL
    -- What took a parent's place is the parent now. Where none is found, the row is empty and refuses.
    SELECT c.step + 1, h.id, h.tenant_id, h.minted_by, h.series, h.scope, h.abilities, h.all_endpoints,
      h.created_by, h.expires_at, h.revoked_at, h.networks, h.calls_per_minute, h.review, h.team
    FROM chain c
    JOIN public.tokens p ON p.tenant_id = c.tenant_id AND p.id = c.minted_by
    LEFT JOIN public.tokens h
      ON h.tenant_id = p.tenant_id AND h.series = p.series AND h.replaced_by IS NULL
  ), judged AS (
    SELECT c.*, lookup.maker_role(c.tenant_id, c.created_by, c.team) AS maker_role FROM chain c
  ), bounds AS (
    SELECT
      bool_and(
        j.id IS NOT NULL AND j.revoked_at IS NULL AND j.maker_role IS NOT NULL
          AND (j.expires_at IS NULL OR j.expires_at > now())
      ) AS lives,
      -- The least of them: in this order the last.
      (ARRAY['owner', 'admin', 'member', 'viewer'])[
        max(array_position(ARRAY['owner', 'admin', 'member', 'viewer'], j.maker_role))
      ] AS role,
      bool_and(j.scope = 'mcp:write') AS writes,
      bool_and(j.all_endpoints) AS all_endpoints,
      min(j.expires_at) AS expires_at,
      bool_or(j.review) AS review,
      bool_or(j.networks IS NOT NULL) AS bound_to_networks,
      jsonb_agg(jsonb_build_object('of', j.series, 'calls', j.calls_per_minute) ORDER BY j.step)
        FILTER (WHERE j.calls_per_minute IS NOT NULL) AS budgets
    FROM judged j
  )
  SELECT t.id, t.tenant_id, t.name,
    CASE WHEN b.writes AND 'rows:update' = ANY (public.role_abilities(b.role))
      THEN 'mcp:write' ELSE 'mcp' END,
    ARRAY(
      SELECT a FROM unnest(t.abilities) AS a
      WHERE a = ANY (public.role_abilities(b.role))
        AND NOT EXISTS (SELECT FROM judged j WHERE NOT a = ANY (j.abilities))
    ),
    b.all_endpoints,
    ARRAY(
      SELECT e.endpoint_id FROM public.token_endpoints e
      WHERE NOT b.all_endpoints
        AND e.token_id IN (SELECT j.id FROM judged j WHERE NOT j.all_endpoints)
      GROUP BY e.endpoint_id
      HAVING count(*) = (SELECT count(*) FROM judged j WHERE NOT j.all_endpoints)
    ),
    t.created_by, b.expires_at,
    (SELECT a.grant_id FROM public.oauth_authorizations a WHERE a.id = t.authorization_id),
    -- Of two ranges one holds the other, or they share nothing: those within one of each are what is left.
    CASE WHEN b.bound_to_networks THEN ARRAY(
      SELECT DISTINCT n FROM judged j, unnest(j.networks) AS n
      WHERE NOT EXISTS (
        SELECT FROM judged o
        WHERE o.networks IS NOT NULL
          AND NOT EXISTS (SELECT FROM unnest(o.networks) AS m WHERE n <<= m)
      )
    ) END,
    b.review, b.role, t.team, t.line, coalesce(b.budgets, '[]')
  FROM public.tokens t, bounds b
  WHERE t.hash = token_hash AND b.lives;
END;

-- As they were, and only as long as who agreed is a member whose address is confirmed.
CREATE OR REPLACE FUNCTION lookup.oauth_code(presented bytea) RETURNS TABLE (
  authorization_id uuid, tenant_id uuid, client uuid, redirect_uri text, code_challenge text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.id, a.tenant_id, g.client, a.redirect_uri, a.code_challenge
  FROM public.oauth_authorizations a JOIN public.oauth_grants g ON g.id = a.grant_id
  WHERE a.code_hash = presented
    AND lookup.maker_role(g.tenant_id, g.user_id, false) IS NOT NULL;
END;

CREATE OR REPLACE FUNCTION lookup.oauth_refresh_token(presented bytea) RETURNS TABLE (
  authorization_id uuid, tenant_id uuid, client uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.id, a.tenant_id, g.client
  FROM public.oauth_refresh_tokens r
  JOIN public.oauth_authorizations a ON a.id = r.authorization_id
  JOIN public.oauth_grants g ON g.id = a.grant_id
  WHERE r.hash = presented AND r.expires_at > now()
    AND lookup.maker_role(g.tenant_id, g.user_id, false) IS NOT NULL;
END;

REVOKE EXECUTE ON FUNCTION lookup.token(bytea), lookup.maker_role(uuid, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.token(bytea) TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

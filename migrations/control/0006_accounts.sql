-- Accounts: sessions whose tokens rotate, proofs by mail, teams. Links, codes and tokens are kept as
-- hashes alone.

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.create_sign_in_link(bytea, uuid, uuid, timestamptz);

DROP FUNCTION lookup.spend_sign_in_link(bytea);

DROP FUNCTION lookup.delete_expired();

DROP FUNCTION lookup.user_by_email(text);

DROP FUNCTION lookup.create_session(uuid, bytea, uuid, uuid, timestamptz);

DROP FUNCTION lookup.session(bytea);

DROP FUNCTION lookup.touch_session(uuid, timestamptz);

DROP FUNCTION lookup.end_session(bytea);

RESET ROLE;

-- Their cookies were of another form: people sign in again.
TRUNCATE sessions;

ALTER TABLE sessions
  DROP COLUMN hash,
  -- When whoever it is last proved to be the account's owner.
  ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
  -- As its owner tells it from others.
  ADD COLUMN device text NOT NULL DEFAULT '',
  ADD COLUMN network text;

-- A session's refresh tokens. Those used stay as long as the session: only so is a second use seen.
CREATE TABLE session_tokens (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  used_at timestamptz
);

CREATE INDEX session_tokens_session_idx ON session_tokens (session_id);

ALTER TABLE users ADD COLUMN email_verified_at timestamptz;

DROP TABLE sign_in_links;

-- What proves a person's address, or stands for it: a link, a code, or both, of which one is used.
CREATE TABLE challenges (
  id uuid PRIMARY KEY,
  purpose text NOT NULL CHECK (
    purpose IN ('sign_in', 'verify_email', 'change_email', 'reset_password', 'confirm')
  ),
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  link_hash bytea UNIQUE CHECK (length(link_hash) = 32),
  -- HMAC under a key of the server: six digits are few enough to try them all against a plain hash.
  code_hash bytea CHECK (length(code_hash) = 32),
  tries integer NOT NULL DEFAULT 0,
  -- The new address, where one is to be changed.
  email text CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);

CREATE INDEX challenges_user_idx ON challenges (user_id);

CREATE INDEX challenges_expires_idx ON challenges (expires_at);

CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  invited_by uuid REFERENCES users ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- A new invitation of the same person takes the place of the old.
  UNIQUE (tenant_id, email)
);

CREATE INDEX invitations_invited_by_idx ON invitations (invited_by);

-- The last owner stays one. Who would change that waits for whoever is changing it: then each sees what
-- the other did.
CREATE FUNCTION public.keep_an_owner() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM 1 FROM public.tenants t WHERE t.id = OLD.tenant_id FOR UPDATE;
  -- A tenant that is being deleted takes its members along.
  IF FOUND AND NOT EXISTS (
    SELECT FROM public.members m
    WHERE m.tenant_id = OLD.tenant_id AND m.user_id <> OLD.user_id AND m.role = 'owner'
  ) THEN
    RAISE EXCEPTION 'the last owner stays'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'members_keep_an_owner';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER keep_an_owner_update BEFORE UPDATE ON members FOR EACH ROW
WHEN (OLD.role = 'owner' AND NEW.role <> 'owner') EXECUTE FUNCTION public.keep_an_owner();

CREATE TRIGGER keep_an_owner_delete BEFORE DELETE ON members FOR EACH ROW
WHEN (OLD.role = 'owner') EXECUTE FUNCTION public.keep_an_owner();

ALTER TABLE session_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE session_tokens FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON session_tokens TO bulkhead_lookup USING (true);

ALTER TABLE challenges ENABLE ROW LEVEL SECURITY;

ALTER TABLE challenges FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON challenges TO bulkhead_lookup USING (true);

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;

ALTER TABLE invitations FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON invitations TO bulkhead_app USING (tenant_id = current_tenant());

CREATE POLICY lookup ON invitations TO bulkhead_lookup USING (true);

GRANT UPDATE (role), DELETE ON members TO bulkhead_app;

GRANT SELECT (id, tenant_id, email, role, invited_by, created_at, expires_at), INSERT, DELETE
ON invitations TO bulkhead_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON session_tokens, challenges TO bulkhead_lookup;

GRANT SELECT, DELETE ON invitations TO bulkhead_lookup;

GRANT UPDATE (email, password_hash, email_verified_at) ON users TO bulkhead_lookup;

GRANT UPDATE (tenant_id, authenticated_at, network) ON sessions TO bulkhead_lookup;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- The tenant is where a session of theirs starts: the one that they used last.
CREATE FUNCTION lookup.user_by_email(address text) RETURNS TABLE (
  id uuid, email text, password_hash text, email_verified_at timestamptz, tenant_id uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT u.id, u.email, u.password_hash, u.email_verified_at,
    (SELECT m.tenant_id FROM public.members m
      LEFT JOIN public.sessions s ON s.tenant_id = m.tenant_id AND s.user_id = m.user_id
      WHERE m.user_id = u.id
      ORDER BY s.last_used_at DESC NULLS LAST, m.created_at, m.tenant_id LIMIT 1)
  FROM public.users u WHERE u.email = lower(address);
END;

CREATE FUNCTION lookup.user_by_id(user_id uuid) RETURNS TABLE (
  id uuid, email text, password_hash text, email_verified_at timestamptz, tenant_id uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT f.id, f.email, f.password_hash, f.email_verified_at, f.tenant_id
  FROM public.users u, lookup.user_by_email(u.email) f WHERE u.id = user_by_id.user_id;
END;

-- Who was taken out of their last tenant gets one of their own again.
CREATE FUNCTION lookup.create_tenant(owner uuid, new_tenant uuid, tenant_name text) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.tenants (id, name) VALUES (new_tenant, tenant_name);
  INSERT INTO public.members (tenant_id, user_id, role) VALUES (new_tenant, owner, 'owner');
END;

CREATE FUNCTION lookup.set_password(account uuid, new_password_hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.users SET password_hash = new_password_hash WHERE id = account;
END;

-- Answers whether it was not known before that the address is theirs.
CREATE FUNCTION lookup.verify_email(account uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.users SET email_verified_at = now()
  WHERE id = account AND email_verified_at IS NULL;
  RETURN FOUND;
END
$$;

-- Answers false where somebody else has the address.
CREATE FUNCTION lookup.change_email(account uuid, address text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.users SET email = lower(address), email_verified_at = now() WHERE id = account;
  RETURN FOUND;
EXCEPTION WHEN unique_violation THEN
  RETURN false;
END
$$;

CREATE FUNCTION lookup.create_session(
  new_session uuid, token_hash bytea, session_user_id uuid, session_tenant_id uuid,
  lives_until timestamptz, session_device text, session_network text
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.sessions (id, user_id, tenant_id, expires_at, device, network)
  VALUES (
    new_session, session_user_id, session_tenant_id, lives_until, session_device, session_network
  );
  INSERT INTO public.session_tokens (hash, session_id) VALUES (token_hash, new_session);
END;

CREATE FUNCTION lookup.session(session_id uuid) RETURNS TABLE (
  id uuid, user_id uuid, tenant_id uuid, email text, email_verified boolean, has_password boolean,
  role text, tenant_name text, authenticated_at timestamptz, expires_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.id, s.user_id, s.tenant_id, u.email, u.email_verified_at IS NOT NULL,
    u.password_hash IS NOT NULL, m.role, t.name, s.authenticated_at, s.expires_at
  FROM public.sessions s
  JOIN public.users u ON u.id = s.user_id
  JOIN public.tenants t ON t.id = s.tenant_id
  JOIN public.members m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
  WHERE s.id = session.session_id AND s.expires_at > now();
END;

CREATE FUNCTION lookup.session_of_token(token_hash bytea) RETURNS TABLE (
  id uuid, user_id uuid, tenant_id uuid
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.id, s.user_id, s.tenant_id
  FROM public.session_tokens t JOIN public.sessions s ON s.id = t.session_id
  WHERE t.hash = token_hash AND s.expires_at > now();
END;

-- Uses a refresh token: `rotated` the first time, `repeated` within the grace (the successor is the
-- same, for it is derived from what was presented), `reused` later, which ends the session.
CREATE FUNCTION lookup.rotate_session(
  presented bytea, successor bytea, lives_until timestamptz, grace interval, from_network text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  own uuid;
  used timestamptz;
BEGIN
  SELECT t.session_id INTO own FROM public.session_tokens t WHERE t.hash = presented;
  -- One tab after the other: what is read next is what the one before has written.
  PERFORM 1 FROM public.sessions s WHERE s.id = own AND s.expires_at > now() FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  SELECT t.used_at INTO used FROM public.session_tokens t WHERE t.hash = presented;
  IF used IS NULL THEN
    UPDATE public.session_tokens SET used_at = clock_timestamp() WHERE hash = presented;
    INSERT INTO public.session_tokens (hash, session_id) VALUES (successor, own);
    UPDATE public.sessions
    SET last_used_at = now(), expires_at = lives_until, network = from_network WHERE id = own;
    RETURN 'rotated';
  ELSIF used > clock_timestamp() - grace THEN
    RETURN 'repeated';
  END IF;
  DELETE FROM public.sessions WHERE id = own;
  RETURN 'reused';
END
$$;

CREATE FUNCTION lookup.sessions_of(account uuid) RETURNS TABLE (
  id uuid, tenant_name text, device text, network text, created_at timestamptz,
  last_used_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.id, t.name, s.device, s.network, s.created_at, s.last_used_at
  FROM public.sessions s JOIN public.tenants t ON t.id = s.tenant_id
  WHERE s.user_id = account AND s.expires_at > now() ORDER BY s.last_used_at DESC, s.id;
END;

CREATE FUNCTION lookup.end_session(ended uuid, account uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM public.sessions s WHERE s.id = ended AND s.user_id = account;
  RETURN FOUND;
END
$$;

-- Ends a person's sessions but one; null keeps none.
CREATE FUNCTION lookup.end_other_sessions(account uuid, kept uuid) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.sessions s WHERE s.user_id = account AND s.id IS DISTINCT FROM kept
  RETURNING s.id;
END;

CREATE FUNCTION lookup.confirm_session(confirmed uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.sessions SET authenticated_at = now() WHERE id = confirmed;
END;

-- The foreign key holds it to the tenants of the session's own user.
CREATE FUNCTION lookup.move_session(moved uuid, to_tenant uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.sessions SET tenant_id = to_tenant WHERE id = moved;
END;

CREATE FUNCTION lookup.memberships(account uuid) RETURNS TABLE (
  tenant_id uuid, tenant_name text, role text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.tenant_id, t.name, m.role
  FROM public.members m JOIN public.tenants t ON t.id = m.tenant_id
  WHERE m.user_id = account ORDER BY m.created_at, m.tenant_id;
END;

CREATE FUNCTION lookup.create_challenge(
  new_id uuid, why text, account uuid, link bytea, code bytea, address text,
  lives_until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.challenges (id, purpose, user_id, link_hash, code_hash, email, expires_at)
  VALUES (new_id, why, account, link, code, lower(address), lives_until);
END;

CREATE FUNCTION lookup.challenge_of_link(link bytea, why text) RETURNS TABLE (
  user_id uuid, email text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.user_id, c.email FROM public.challenges c
  WHERE c.link_hash = link AND c.purpose = why AND c.used_at IS NULL AND c.expires_at > now();
END;

-- One conditional update: of two that present the same link at once, one gets a row.
CREATE FUNCTION lookup.spend_link(link bytea, why text) RETURNS TABLE (user_id uuid, email text)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.challenges c SET used_at = now()
  WHERE c.link_hash = link AND c.purpose = why AND c.used_at IS NULL AND c.expires_at > now()
  RETURNING c.user_id, c.email;
END;

-- A try is counted before it is judged, so that tries at once are tries. Whoever asks for one code after
-- the other has a day's worth of wrong tries at an account in all; its links go on working.
CREATE FUNCTION lookup.spend_code(
  challenge uuid, why text, code bytea, most_tries integer, most_a_day integer
)
RETURNS TABLE (user_id uuid, email text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.challenges c SET tries = c.tries + 1
  WHERE c.id = challenge AND c.purpose = why AND c.used_at IS NULL AND c.expires_at > now()
    AND c.tries < most_tries
    AND most_a_day > (
      SELECT sum(o.tries) FROM public.challenges o
      WHERE o.user_id = c.user_id AND o.used_at IS NULL AND o.created_at > now() - interval '1 day'
    );
  RETURN QUERY UPDATE public.challenges c SET used_at = now()
    WHERE FOUND AND c.id = challenge AND c.code_hash = code AND c.used_at IS NULL
    RETURNING c.user_id, c.email;
END
$$;

CREATE FUNCTION lookup.invitation(presented bytea) RETURNS TABLE (
  id uuid, tenant_id uuid, tenant_name text, email text, role text, invited_by text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT i.id, i.tenant_id, t.name, i.email, i.role, u.email
  FROM public.invitations i
  JOIN public.tenants t ON t.id = i.tenant_id
  LEFT JOIN public.users u ON u.id = i.invited_by
  WHERE i.hash = presented AND i.expires_at > now();
END;

-- Used up by the person with its address, who has thereby shown that it is theirs.
CREATE FUNCTION lookup.accept_invitation(presented bytea, account uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  taken record;
BEGIN
  DELETE FROM public.invitations i
  WHERE i.hash = presented AND i.expires_at > now()
    AND i.email = (SELECT u.email FROM public.users u WHERE u.id = account)
  RETURNING i.tenant_id, i.role INTO taken;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO public.members (tenant_id, user_id, role)
  VALUES (taken.tenant_id, account, taken.role) ON CONFLICT DO NOTHING;
  RETURN true;
END
$$;

-- Within a day after their end, and before: what is spent is of no use.
CREATE FUNCTION lookup.delete_expired() RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.sessions WHERE expires_at < now();
  DELETE FROM public.challenges WHERE expires_at < now() - interval '23 hours';
  DELETE FROM public.invitations WHERE expires_at < now();
END;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA lookup FROM PUBLIC;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA lookup TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

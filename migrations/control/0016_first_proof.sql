-- Whoever proves an address owns its account. An account whose address nobody has proved holds no
-- credential, and the first proof ends every one that an earlier release gave it. Sessions end 30 days
-- after they started. Wrong codes count by the browser that asked.

-- Browsers and networks that somebody signed in from: they are told of the others, and a code that is
-- asked for in one of them has a budget of its own.
CREATE TABLE known_places (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  -- SHA-256 of the browser's own cookie
  browser bytea NOT NULL CHECK (length(browser) = 32),
  network text NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, browser, network)
);

CREATE INDEX known_places_seen_idx ON known_places (seen_at);

ALTER TABLE known_places ENABLE ROW LEVEL SECURITY;

ALTER TABLE known_places FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON known_places TO bulkhead_lookup USING (true);

-- Where a session was started; null where the browser keeps no cookie of its own.
ALTER TABLE sessions ADD COLUMN browser bytea CHECK (length(browser) = 32);

-- A sign-up has no account yet: it becomes one when its link or code is used. What it would be is kept
-- here, so that nobody can sign in with a password that a stranger chose for somebody else's address.
ALTER TABLE challenges
  ALTER COLUMN user_id DROP NOT NULL,
  -- Who asked for it.
  ADD COLUMN browser bytea CHECK (length(browser) = 32),
  -- Of the account once it is proved in the browser where the password was typed.
  ADD COLUMN password_hash text,
  ADD CONSTRAINT challenges_of_an_account CHECK (
    user_id IS NOT NULL OR (purpose = 'sign_in' AND email IS NOT NULL)
  );

CREATE INDEX challenges_sign_up_idx ON challenges (email) WHERE user_id IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON known_places TO bulkhead_lookup;

GRANT UPDATE (revoked_at) ON tokens, oauth_grants, oauth_authorizations TO bulkhead_lookup;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- The command line's account belongs to whoever runs the machine.
UPDATE public.users SET email_verified_at = created_at
WHERE email = 'local@localhost' AND email_verified_at IS NULL;

-- Who never proved their address is signed out, and proves it when they sign in next.
DELETE FROM public.sessions s USING public.users u
WHERE u.id = s.user_id AND u.email_verified_at IS NULL;

UPDATE public.sessions SET expires_at = created_at + interval '30 days'
WHERE expires_at > created_at + interval '30 days';

-- Refuses rows for an account whose address nobody has proved. The column that names the account is the
-- trigger's argument. After the row, so that the policies speak first.
CREATE FUNCTION lookup.require_proved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  account uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
BEGIN
  IF account IS NOT NULL AND NOT EXISTS (
    SELECT FROM public.users u WHERE u.id = account AND u.email_verified_at IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'the address of the account is not proved'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_proved';
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION lookup.require_proved_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.oauth_grants g JOIN public.users u ON u.id = g.user_id
    WHERE g.id = NEW.grant_id AND u.email_verified_at IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'the address of the account is not proved'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_proved';
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION lookup.require_proved_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.members m JOIN public.users u ON u.id = m.user_id
    WHERE m.tenant_id = NEW.tenant_id AND m.role = 'owner' AND u.email_verified_at IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'no owner of the team has proved their address'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_proved';
  END IF;
  RETURN NULL;
END
$$;

-- The first proof of an address ends whatever there was before it, on whichever path it comes: whoever
-- made the account may have been somebody else. The password goes too; a proof that sets one does so
-- afterwards. A change of address ends the sessions and what was mailed to the old one, and what is known
-- of browsers; so that a stolen mailbox or session does not outlive it. Another password ends what was
-- mailed before.
CREATE FUNCTION lookup.end_before_proof() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first_proof boolean := OLD.email_verified_at IS NULL AND NEW.email_verified_at IS NOT NULL;
BEGIN
  IF first_proof OR NEW.email <> OLD.email THEN
    DELETE FROM public.sessions s WHERE s.user_id = OLD.id;
    DELETE FROM public.known_places k WHERE k.user_id = OLD.id;
  END IF;
  IF first_proof OR NEW.email <> OLD.email
    OR NEW.password_hash IS DISTINCT FROM OLD.password_hash
  THEN
    DELETE FROM public.challenges c WHERE c.user_id = OLD.id AND c.used_at IS NULL;
  END IF;
  IF NOT first_proof THEN
    RETURN NEW;
  END IF;
  NEW.password_hash := NULL;
  UPDATE public.oauth_authorizations a SET revoked_at = now()
  FROM public.oauth_grants g
  WHERE g.id = a.grant_id AND g.user_id = OLD.id AND a.revoked_at IS NULL;
  DELETE FROM public.oauth_refresh_tokens r
  USING public.oauth_authorizations a, public.oauth_grants g
  WHERE a.id = r.authorization_id AND g.id = a.grant_id AND g.user_id = OLD.id;
  UPDATE public.tokens t SET revoked_at = now()
  WHERE t.revoked_at IS NULL AND (
    t.created_by = OLD.id OR t.authorization_id IN (
      SELECT a.id FROM public.oauth_authorizations a
      JOIN public.oauth_grants g ON g.id = a.grant_id WHERE g.user_id = OLD.id
    )
  );
  UPDATE public.oauth_grants g SET revoked_at = now()
  WHERE g.user_id = OLD.id AND g.revoked_at IS NULL;
  -- Apps registered by hand: whoever registered one has its secret.
  DELETE FROM public.oauth_clients c WHERE c.created_by = OLD.id AND c.kind = 'manual';
  DELETE FROM public.invitations i WHERE i.invited_by = OLD.id;
  RETURN NEW;
END
$$;

RESET ROLE;

CREATE TRIGGER end_before_proof BEFORE UPDATE OF email, email_verified_at, password_hash ON users
FOR EACH ROW EXECUTE FUNCTION lookup.end_before_proof();

CREATE TRIGGER require_proved AFTER INSERT OR UPDATE OF user_id ON sessions
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved('user_id');

CREATE TRIGGER require_proved AFTER INSERT OR UPDATE OF created_by ON tokens
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved('created_by');

CREATE TRIGGER require_proved AFTER INSERT OR UPDATE OF created_by ON oauth_clients
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved('created_by');

CREATE TRIGGER require_proved AFTER INSERT OR UPDATE OF user_id ON oauth_grants
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved('user_id');

CREATE TRIGGER require_proved AFTER INSERT ON oauth_authorizations
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved_grant();

CREATE TRIGGER require_proved AFTER INSERT OR UPDATE OF invited_by ON invitations
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved('invited_by');

CREATE TRIGGER require_proved AFTER INSERT ON endpoints
FOR EACH ROW EXECUTE FUNCTION lookup.require_proved_owner();

ALTER TABLE sessions ADD CONSTRAINT sessions_absolute_end CHECK (
  expires_at <= created_at + interval '30 days'
);

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.create_account(uuid, text, text, uuid, text);

DROP FUNCTION lookup.verify_email(uuid);

DROP FUNCTION lookup.change_email(uuid, text);

DROP FUNCTION lookup.create_session(uuid, bytea, uuid, uuid, timestamptz, text, text);

DROP FUNCTION lookup.create_challenge(uuid, text, uuid, bytea, bytea, text, timestamptz);

DROP FUNCTION lookup.challenge_of_link(bytea, text);

DROP FUNCTION lookup.spend_link(bytea, text);

DROP FUNCTION lookup.spend_code(uuid, text, bytea, integer, integer);

-- Makes an account, whose address is proved by that, with a tenant of its own; answers false where the
-- address is taken.
CREATE FUNCTION lookup.create_account(
  new_user uuid, address text, new_password_hash text, new_tenant uuid, tenant_name text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.users (id, email, password_hash, email_verified_at)
  VALUES (new_user, lower(address), new_password_hash, now())
  ON CONFLICT (email) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO public.tenants (id, name) VALUES (new_tenant, tenant_name);
  INSERT INTO public.members (tenant_id, user_id, role) VALUES (new_tenant, new_user, 'owner');
  RETURN true;
END
$$;

-- What a proof of an address is about to end: ids of sessions, and hashes of tokens as hex, which every
-- replica has to forget.
CREATE FUNCTION lookup.held_before_proof(account uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'sessions', coalesce(
      (SELECT jsonb_agg(s.id) FROM public.sessions s WHERE s.user_id = account), '[]'
    ),
    'tokens', coalesce((
      SELECT jsonb_agg(encode(t.hash, 'hex')) FROM public.tokens t
      JOIN public.users u ON u.id = account AND u.email_verified_at IS NULL
      WHERE t.revoked_at IS NULL AND (
        t.created_by = account OR t.authorization_id IN (
          SELECT a.id FROM public.oauth_authorizations a
          JOIN public.oauth_grants g ON g.id = a.grant_id WHERE g.user_id = account
        )
      )
    ), '[]')
  );
END;

-- Notes that an address is its account's, with the password that the proof brings (null: none). Answers
-- what ended by it; null where the address was proved before, and nothing changes.
CREATE FUNCTION lookup.prove_email(account uuid, new_password_hash text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  held jsonb;
BEGIN
  PERFORM 1 FROM public.users u WHERE u.id = account AND u.email_verified_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  held := lookup.held_before_proof(account);
  UPDATE public.users SET email_verified_at = now() WHERE id = account;
  IF new_password_hash IS NOT NULL THEN
    UPDATE public.users SET password_hash = new_password_hash WHERE id = account;
  END IF;
  RETURN held;
END
$$;

-- Answers what ended by it; null where somebody else has the address.
CREATE FUNCTION lookup.change_email(account uuid, address text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  held jsonb;
BEGIN
  PERFORM 1 FROM public.users u WHERE u.id = account FOR UPDATE;
  held := lookup.held_before_proof(account);
  UPDATE public.users SET email = lower(address), email_verified_at = now() WHERE id = account;
  RETURN held;
EXCEPTION WHEN unique_violation THEN
  RETURN NULL;
END
$$;

-- Answers what of the place is new to the account: `browser`, `network`, or nothing (null), which is also
-- said of the first place of all.
CREATE FUNCTION lookup.create_session(
  new_session uuid, token_hash bytea, session_user_id uuid, session_tenant_id uuid,
  lives_until timestamptz, session_device text, session_network text, session_browser bytea
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  news text;
BEGIN
  INSERT INTO public.sessions (id, user_id, tenant_id, expires_at, device, network, browser)
  VALUES (
    new_session, session_user_id, session_tenant_id, least(lives_until, now() + interval '30 days'),
    session_device, session_network, session_browser
  );
  INSERT INTO public.session_tokens (hash, session_id) VALUES (token_hash, new_session);
  IF session_browser IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT CASE
    WHEN count(*) = 0 THEN NULL
    WHEN NOT bool_or(k.browser = session_browser) THEN 'browser'
    WHEN NOT bool_or(k.network = coalesce(session_network, '')) THEN 'network'
  END INTO news
  FROM public.known_places k WHERE k.user_id = session_user_id;
  INSERT INTO public.known_places (user_id, browser, network)
  VALUES (session_user_id, session_browser, coalesce(session_network, ''))
  ON CONFLICT (user_id, browser, network) DO UPDATE SET seen_at = now();
  RETURN news;
END
$$;

CREATE OR REPLACE FUNCTION lookup.session(session_id uuid) RETURNS TABLE (
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
  WHERE s.id = session.session_id AND s.expires_at > now() AND u.email_verified_at IS NOT NULL;
END;

-- As it was; a session's life slides on to its absolute end at most.
CREATE OR REPLACE FUNCTION lookup.rotate_session(
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
    UPDATE public.sessions SET
      last_used_at = now(), network = from_network,
      expires_at = least(lives_until, created_at + interval '30 days')
    WHERE id = own;
    RETURN 'rotated';
  ELSIF used > clock_timestamp() - grace THEN
    RETURN 'repeated';
  END IF;
  DELETE FROM public.sessions WHERE id = own;
  RETURN 'reused';
END
$$;

-- Ends a person's sessions but one, and forgets the browsers of the others; null keeps none.
CREATE OR REPLACE FUNCTION lookup.end_other_sessions(account uuid, kept uuid) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.known_places k WHERE k.user_id = account AND k.browser IS DISTINCT FROM (
    SELECT s.browser FROM public.sessions s WHERE s.id = kept AND s.user_id = account
  );
  DELETE FROM public.sessions s WHERE s.user_id = account AND s.id IS DISTINCT FROM kept
  RETURNING s.id;
END;

CREATE FUNCTION lookup.create_challenge(
  new_id uuid, why text, account uuid, link bytea, code bytea, address text, from_browser bytea,
  new_password_hash text, lives_until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.challenges (
    id, purpose, user_id, link_hash, code_hash, email, browser, password_hash, expires_at
  ) VALUES (
    new_id, why, account, link, code, lower(address), from_browser, new_password_hash, lives_until
  );
END;

CREATE FUNCTION lookup.challenge_of_link(link bytea, why text) RETURNS TABLE (
  id uuid, user_id uuid, account_email text, password_hash text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.id, c.user_id, coalesce(u.email, c.email), c.password_hash
  FROM public.challenges c LEFT JOIN public.users u ON u.id = c.user_id
  WHERE c.link_hash = link AND c.purpose = why AND c.used_at IS NULL AND c.expires_at > now();
END;

-- One conditional update: of two that present the same link at once, one gets a row.
CREATE FUNCTION lookup.spend_link(link bytea, why text) RETURNS TABLE (
  id uuid, user_id uuid, email text, password_hash text
)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE public.challenges c SET used_at = now()
  WHERE c.link_hash = link AND c.purpose = why AND c.used_at IS NULL AND c.expires_at > now()
  RETURNING c.id, c.user_id, c.email, c.password_hash;
END;

-- A try is counted before it is judged, and tries at one account are judged one after the other, by
-- whichever process: the sums are exact. What a browser may spend in vain in a day is its own where it
-- has been signed in from; all others together have `strangers_a_day`, so that no stranger spends what
-- belongs to the owner's browsers. Links are not counted: they cannot be guessed.
CREATE FUNCTION lookup.spend_code(
  challenge uuid, why text, code bytea, most_tries integer, browser_a_day integer,
  strangers_a_day integer
) RETURNS TABLE (id uuid, user_id uuid, email text, password_hash text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  asked record;
  is_known boolean;
  spent_here bigint;
  spent_by_strangers bigint;
BEGIN
  SELECT c.user_id, c.email, c.browser INTO asked FROM public.challenges c
  WHERE c.id = challenge AND c.purpose = why;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(coalesce(asked.user_id::text, asked.email), 14));
  is_known := EXISTS (
    SELECT FROM public.known_places k
    WHERE k.user_id = asked.user_id AND k.browser = asked.browser
  );
  SELECT
    coalesce(sum(c.tries) FILTER (WHERE c.browser IS NOT DISTINCT FROM asked.browser), 0),
    coalesce(sum(c.tries) FILTER (WHERE NOT EXISTS (
      SELECT FROM public.known_places k WHERE k.user_id = asked.user_id AND k.browser = c.browser
    )), 0)
  INTO spent_here, spent_by_strangers
  FROM public.challenges c
  WHERE c.purpose = why AND c.used_at IS NULL AND c.created_at > now() - interval '1 day'
    AND (
      c.user_id = asked.user_id
      OR asked.user_id IS NULL AND c.user_id IS NULL AND c.email = asked.email
    );
  IF spent_here >= browser_a_day OR NOT is_known AND spent_by_strangers >= strangers_a_day THEN
    RETURN;
  END IF;
  UPDATE public.challenges c SET tries = c.tries + 1
  WHERE c.id = challenge AND c.used_at IS NULL AND c.expires_at > now() AND c.tries < most_tries;
  RETURN QUERY UPDATE public.challenges c SET used_at = now()
    WHERE FOUND AND c.id = challenge AND c.code_hash = code AND c.used_at IS NULL
    RETURNING c.id, c.user_id, c.email, c.password_hash;
END
$$;

-- Whose maker never proved their address is refused: it may have been made by somebody else.
CREATE OR REPLACE FUNCTION lookup.token(token_hash bytea) RETURNS TABLE (
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
  FROM public.tokens t LEFT JOIN public.users u ON u.id = t.created_by
  WHERE t.hash = token_hash AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now())
    AND (t.created_by IS NULL OR u.email_verified_at IS NOT NULL);
END;

CREATE OR REPLACE FUNCTION lookup.oauth_code(presented bytea) RETURNS TABLE (
  authorization_id uuid, tenant_id uuid, client uuid, redirect_uri text, code_challenge text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.id, a.tenant_id, g.client, a.redirect_uri, a.code_challenge
  FROM public.oauth_authorizations a
  JOIN public.oauth_grants g ON g.id = a.grant_id
  JOIN public.users u ON u.id = g.user_id AND u.email_verified_at IS NOT NULL
  WHERE a.code_hash = presented;
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
  JOIN public.users u ON u.id = g.user_id AND u.email_verified_at IS NOT NULL
  WHERE r.hash = presented AND r.expires_at > now();
END;

-- Also places that nobody signed in from for longer than a browser keeps its cookie.
CREATE OR REPLACE FUNCTION lookup.delete_expired() RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.sessions WHERE expires_at < now();
  DELETE FROM public.challenges WHERE expires_at < now() - interval '23 hours';
  DELETE FROM public.invitations WHERE expires_at < now();
  DELETE FROM public.known_places WHERE seen_at < now() - interval '400 days';
END;

REVOKE EXECUTE ON FUNCTION lookup.create_account(uuid, text, text, uuid, text),
  lookup.prove_email(uuid, text),
  lookup.change_email(uuid, text),
  lookup.create_session(uuid, bytea, uuid, uuid, timestamptz, text, text, bytea),
  lookup.create_challenge(uuid, text, uuid, bytea, bytea, text, bytea, text, timestamptz),
  lookup.challenge_of_link(bytea, text),
  lookup.spend_link(bytea, text),
  lookup.spend_code(uuid, text, bytea, integer, integer, integer),
  lookup.held_before_proof(uuid)
FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.create_account(uuid, text, text, uuid, text),
  lookup.prove_email(uuid, text),
  lookup.change_email(uuid, text),
  lookup.create_session(uuid, bytea, uuid, uuid, timestamptz, text, text, bytea),
  lookup.create_challenge(uuid, text, uuid, bytea, bytea, text, bytea, text, timestamptz),
  lookup.challenge_of_link(bytea, text),
  lookup.spend_link(bytea, text),
  lookup.spend_code(uuid, text, bytea, integer, integer, integer)
TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

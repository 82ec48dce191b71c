-- Second factors: passkeys, authenticator apps, recovery codes; sign-ins that wait for one; forms that
-- wait until it is proved who sent them. A person's, whichever team they are in: the look-up functions
-- alone reach them.

ALTER TABLE tenants
  -- null: members may do without
  ADD COLUMN two_factor_required_at timestamptz;

GRANT UPDATE (two_factor_required_at) ON tenants TO bulkhead_app;

CREATE TABLE passkeys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  -- WebAuthn Level 3, section 4: 16 bytes at least, 1023 at most. Unique over all accounts (7.1, step 26).
  credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 16 AND 1023),
  -- COSE
  public_key bytea NOT NULL CHECK (length(public_key) BETWEEN 1 AND 8192),
  sign_count bigint NOT NULL CHECK (sign_count >= 0),
  transports jsonb NOT NULL,
  -- Whether it is kept in more places than one device.
  synced boolean NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);

CREATE INDEX passkeys_user_idx ON passkeys (user_id);

-- Time-based codes (RFC 6238).
CREATE TABLE authenticators (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  -- Sealed under a key of the server.
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- null: it is being set up, and proves nothing yet
  confirmed_at timestamptz,
  -- The step of the last code that was taken: none is taken twice (RFC 6238, section 5.2).
  last_step bigint NOT NULL DEFAULT 0
);

-- HMAC under a key of the server.
CREATE TABLE recovery_codes (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  used_at timestamptz,
  PRIMARY KEY (user_id, hash)
);

-- The first factor was right, the second is asked for. No session yet.
CREATE TABLE pending_sign_ins (
  id uuid PRIMARY KEY,
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);

CREATE INDEX pending_sign_ins_user_idx ON pending_sign_ins (user_id);

CREATE INDEX pending_sign_ins_expires_idx ON pending_sign_ins (expires_at);

-- Wrong codes, and those that are being judged.
CREATE TABLE factor_tries (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  -- The pending sign-in or the session that the code was typed in.
  browser uuid NOT NULL,
  tried_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX factor_tries_user_idx ON factor_tries (user_id, tried_at);

CREATE TABLE passkey_challenges (
  -- Of a secret that the browser keeps, and of what it is for.
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  -- null: whoever the passkey belongs to
  user_id uuid REFERENCES users ON DELETE CASCADE,
  challenge text NOT NULL CHECK (length(challenge) BETWEEN 22 AND 200),
  expires_at timestamptz NOT NULL
);

CREATE INDEX passkey_challenges_user_idx ON passkey_challenges (user_id);

CREATE INDEX passkey_challenges_expires_idx ON passkey_challenges (expires_at);

-- What was sent, until it is proved who sent it. Goes with the session.
CREATE TABLE held_forms (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  -- Where it was sent: it is not carried out in another team.
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  path text NOT NULL CHECK (length(path) BETWEEN 1 AND 2000),
  -- Sealed under a key of the server: there may be a password in it.
  sealed bytea NOT NULL CHECK (length(sealed) <= 70000),
  expires_at timestamptz NOT NULL
);

CREATE INDEX held_forms_session_idx ON held_forms (session_id);

CREATE INDEX held_forms_tenant_idx ON held_forms (tenant_id);

CREATE INDEX held_forms_expires_idx ON held_forms (expires_at);

ALTER TABLE passkeys ENABLE ROW LEVEL SECURITY;

ALTER TABLE passkeys FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON passkeys TO bulkhead_lookup USING (true);

ALTER TABLE authenticators ENABLE ROW LEVEL SECURITY;

ALTER TABLE authenticators FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON authenticators TO bulkhead_lookup USING (true);

ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE recovery_codes FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON recovery_codes TO bulkhead_lookup USING (true);

ALTER TABLE pending_sign_ins ENABLE ROW LEVEL SECURITY;

ALTER TABLE pending_sign_ins FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON pending_sign_ins TO bulkhead_lookup USING (true);

ALTER TABLE factor_tries ENABLE ROW LEVEL SECURITY;

ALTER TABLE factor_tries FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON factor_tries TO bulkhead_lookup USING (true);

ALTER TABLE passkey_challenges ENABLE ROW LEVEL SECURITY;

ALTER TABLE passkey_challenges FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON passkey_challenges TO bulkhead_lookup USING (true);

ALTER TABLE held_forms ENABLE ROW LEVEL SECURITY;

ALTER TABLE held_forms FORCE ROW LEVEL SECURITY;

CREATE POLICY lookup ON held_forms TO bulkhead_lookup USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON passkeys, authenticators, recovery_codes TO bulkhead_lookup;

GRANT SELECT, INSERT, DELETE ON pending_sign_ins, factor_tries, passkey_challenges, held_forms
TO bulkhead_lookup;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

CREATE FUNCTION lookup.has_factor(account uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM public.passkeys p WHERE p.user_id = account)
    OR EXISTS (
      SELECT FROM public.authenticators a WHERE a.user_id = account AND a.confirmed_at IS NOT NULL
    );
END;

-- What a session's person has, and whether its team asks for it.
CREATE FUNCTION lookup.factors(account uuid, team uuid) RETURNS TABLE (
  passkeys integer, authenticator boolean, recovery_codes integer, team_requires boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT
    (SELECT count(*)::integer FROM public.passkeys p WHERE p.user_id = account),
    EXISTS (
      SELECT FROM public.authenticators a WHERE a.user_id = account AND a.confirmed_at IS NOT NULL
    ),
    (SELECT count(*)::integer FROM public.recovery_codes r
      WHERE r.user_id = account AND r.used_at IS NULL),
    EXISTS (
      SELECT FROM public.tenants t WHERE t.id = team AND t.two_factor_required_at IS NOT NULL
    );
END;

-- Members of the transaction's team who have one.
CREATE FUNCTION lookup.members_with_factor() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.user_id FROM public.members m
  WHERE m.tenant_id = public.current_tenant() AND lookup.has_factor(m.user_id);
END;

-- A session of an account with a second factor starts, and is proved anew, in the transaction that has
-- used one up. Whatever led there (a password, a link, a reset) is not enough.
CREATE FUNCTION lookup.require_second_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF lookup.has_factor(NEW.user_id)
    AND current_setting('bulkhead.second_factor', true) IS DISTINCT FROM NEW.user_id::text
  THEN
    RAISE EXCEPTION 'the account has a second factor, which was not shown'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'sessions_second_factor';
  END IF;
  RETURN NEW;
END
$$;

-- Where a team asks for a second factor, who has none makes no token there. Those that exist go on.
CREATE FUNCTION lookup.require_maker_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT lookup.has_factor(NEW.created_by) AND EXISTS (
    SELECT FROM public.tenants t WHERE t.id = NEW.tenant_id AND t.two_factor_required_at IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'the team requires a second factor of who makes a token' USING ERRCODE = 'BH2FA';
  END IF;
  RETURN NEW;
END
$$;

-- Whoever signed up with an address that was not theirs may have left a factor: it goes when the
-- address is first proved.
CREATE FUNCTION lookup.drop_unproved_factors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM public.passkeys WHERE user_id = NEW.id;
  DELETE FROM public.authenticators WHERE user_id = NEW.id;
  DELETE FROM public.recovery_codes WHERE user_id = NEW.id;
  RETURN NULL;
END
$$;

-- What was begun with an earlier password or address is not finished with it.
CREATE FUNCTION lookup.end_pending_sign_ins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM public.pending_sign_ins WHERE user_id = NEW.id;
  RETURN NULL;
END
$$;

RESET ROLE;

CREATE TRIGGER second_factor_insert BEFORE INSERT ON sessions
FOR EACH ROW EXECUTE FUNCTION lookup.require_second_factor();

CREATE TRIGGER second_factor_update BEFORE UPDATE OF authenticated_at ON sessions FOR EACH ROW
WHEN (NEW.authenticated_at > OLD.authenticated_at)
EXECUTE FUNCTION lookup.require_second_factor();

CREATE TRIGGER maker_factor BEFORE INSERT ON tokens FOR EACH ROW
WHEN (NEW.kind = 'pat') EXECUTE FUNCTION lookup.require_maker_factor();

CREATE TRIGGER drop_unproved_factors AFTER UPDATE OF email_verified_at ON users FOR EACH ROW
WHEN (OLD.email_verified_at IS NULL AND NEW.email_verified_at IS NOT NULL)
EXECUTE FUNCTION lookup.drop_unproved_factors();

CREATE TRIGGER end_pending_sign_ins AFTER UPDATE OF password_hash, email ON users FOR EACH ROW
WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.email <> NEW.email)
EXECUTE FUNCTION lookup.end_pending_sign_ins();

SET LOCAL ROLE bulkhead_lookup;

-- Only an address that was proved gets one. Answers false where it was not, or where the credential is
-- known already, whosever it is.
CREATE FUNCTION lookup.add_passkey(
  new_id uuid, account uuid, credential bytea, key bytea, count bigint, ways jsonb,
  is_synced boolean, passkey_name text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.passkeys
    (id, user_id, credential_id, public_key, sign_count, transports, synced, name)
  SELECT new_id, u.id, credential, key, count, ways, is_synced, passkey_name
  FROM public.users u WHERE u.id = account AND u.email_verified_at IS NOT NULL
  ON CONFLICT (credential_id) DO NOTHING;
  RETURN FOUND;
END
$$;

CREATE FUNCTION lookup.passkeys_of(account uuid) RETURNS TABLE (
  id uuid, credential_id bytea, transports jsonb, synced boolean, name text,
  created_at timestamptz, last_used_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.id, p.credential_id, p.transports, p.synced, p.name, p.created_at, p.last_used_at
  FROM public.passkeys p WHERE p.user_id = account ORDER BY p.created_at, p.id;
END;

CREATE FUNCTION lookup.passkey(credential bytea) RETURNS TABLE (
  id uuid, user_id uuid, public_key bytea, sign_count bigint, transports jsonb, name text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.id, p.user_id, p.public_key, p.sign_count, p.transports, p.name
  FROM public.passkeys p WHERE p.credential_id = credential;
END;

-- WebAuthn Level 3, section 7.2, step 22: a count that does not grow is that of a copy; 0 says that the
-- authenticator does not count. One conditional update: of two copies at once, one gets through.
CREATE FUNCTION lookup.use_passkey(used uuid, account uuid, count bigint, is_synced boolean)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.passkeys p SET sign_count = count, synced = is_synced, last_used_at = now()
  WHERE p.id = used AND p.user_id = account
    AND (count > p.sign_count OR (count = 0 AND p.sign_count = 0));
  IF FOUND THEN
    PERFORM set_config('bulkhead.second_factor', account::text, true);
    RETURN true;
  END IF;
  RETURN false;
END
$$;

-- Recovery codes stand for a factor: they go with the last one.
CREATE FUNCTION lookup.remove_passkey(removed uuid, account uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known text;
BEGIN
  DELETE FROM public.passkeys p WHERE p.id = removed AND p.user_id = account RETURNING p.name INTO known;
  IF NOT lookup.has_factor(account) THEN
    DELETE FROM public.recovery_codes r WHERE r.user_id = account;
  END IF;
  RETURN known;
END
$$;

CREATE FUNCTION lookup.remove_authenticator(account uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known boolean;
BEGIN
  DELETE FROM public.authenticators a WHERE a.user_id = account
  RETURNING a.confirmed_at IS NOT NULL INTO known;
  IF NOT lookup.has_factor(account) THEN
    DELETE FROM public.recovery_codes r WHERE r.user_id = account;
  END IF;
  RETURN coalesce(known, false);
END
$$;

-- Starts over where one is being set up; answers false where one is set up, or the address not proved.
CREATE FUNCTION lookup.begin_authenticator(account uuid, sealed bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.authenticators (user_id, secret)
  SELECT u.id, sealed FROM public.users u WHERE u.id = account AND u.email_verified_at IS NOT NULL
  ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = now()
    WHERE authenticators.confirmed_at IS NULL;
  RETURN FOUND;
END
$$;

CREATE FUNCTION lookup.authenticator(account uuid) RETURNS TABLE (
  secret bytea, confirmed boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.secret, a.confirmed_at IS NOT NULL FROM public.authenticators a
  WHERE a.user_id = account
    AND (a.confirmed_at IS NOT NULL OR a.created_at > now() - interval '1 hour');
END;

-- The secret is compared too: what is confirmed is what the code was for.
CREATE FUNCTION lookup.confirm_authenticator(account uuid, sealed bytea, step bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.authenticators a SET confirmed_at = now(), last_step = step
  WHERE a.user_id = account AND a.secret = sealed AND a.confirmed_at IS NULL;
  RETURN FOUND;
END
$$;

-- RFC 6238, section 5.2: no code is taken twice. Of two that bring the same, one gets through.
CREATE FUNCTION lookup.use_authenticator(account uuid, sealed bytea, step bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.authenticators a SET last_step = step
  WHERE a.user_id = account AND a.secret = sealed AND a.confirmed_at IS NOT NULL
    AND a.last_step < step;
  IF FOUND THEN
    PERFORM set_config('bulkhead.second_factor', account::text, true);
    RETURN true;
  END IF;
  RETURN false;
END
$$;

CREATE FUNCTION lookup.replace_recovery_codes(account uuid, hashes jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.recovery_codes r WHERE r.user_id = account;
  INSERT INTO public.recovery_codes (user_id, hash)
  SELECT account, decode(h.hash, 'hex') FROM jsonb_array_elements_text(hashes) AS h (hash)
  WHERE lookup.has_factor(account);
END;

CREATE FUNCTION lookup.use_recovery_code(account uuid, code bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.recovery_codes r SET used_at = now()
  WHERE r.user_id = account AND r.hash = code AND r.used_at IS NULL;
  IF FOUND THEN
    PERFORM set_config('bulkhead.second_factor', account::text, true);
    RETURN true;
  END IF;
  RETURN false;
END
$$;

-- Counts a try before it is judged: so many in one browser within a quarter of an hour, so many at one
-- account within a day. Tries at once wait for each other.
CREATE FUNCTION lookup.take_factor_try(
  new_id uuid, account uuid, from_browser uuid, most_browser integer, most_account integer
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM 1 FROM public.users u WHERE u.id = account FOR NO KEY UPDATE;
  IF most_browser <= (
    SELECT count(*) FROM public.factor_tries t
    WHERE t.user_id = account AND t.browser = from_browser
      AND t.tried_at > clock_timestamp() - interval '15 minutes'
  ) OR most_account <= (
    SELECT count(*) FROM public.factor_tries t
    WHERE t.user_id = account AND t.tried_at > clock_timestamp() - interval '1 day'
  ) THEN
    RETURN false;
  END IF;
  INSERT INTO public.factor_tries (id, user_id, browser) VALUES (new_id, account, from_browser);
  RETURN true;
END
$$;

CREATE FUNCTION lookup.forgive_factor_try(forgiven uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.factor_tries WHERE id = forgiven;
END;

CREATE FUNCTION lookup.create_pending_sign_in(
  new_id uuid, token_hash bytea, account uuid, lives_until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.pending_sign_ins (id, hash, user_id, expires_at)
  VALUES (new_id, token_hash, account, lives_until);
END;

CREATE FUNCTION lookup.pending_sign_in(token_hash bytea) RETURNS TABLE (id uuid, user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.id, p.user_id FROM public.pending_sign_ins p
  WHERE p.hash = token_hash AND p.expires_at > now();
END;

CREATE FUNCTION lookup.spend_pending_sign_in(spent uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM public.pending_sign_ins p WHERE p.id = spent AND p.expires_at > now();
  RETURN FOUND;
END
$$;

CREATE FUNCTION lookup.create_passkey_challenge(
  bound bytea, account uuid, new_challenge text, lives_until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO public.passkey_challenges (hash, user_id, challenge, expires_at)
  VALUES (bound, account, new_challenge, lives_until);
END;

-- Used up whatever comes of it.
CREATE FUNCTION lookup.spend_passkey_challenge(bound bytea) RETURNS TABLE (
  user_id uuid, challenge text
)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.passkey_challenges c WHERE c.hash = bound AND c.expires_at > now()
  RETURNING c.user_id, c.challenge;
END;

-- The newest few of a session are kept.
CREATE FUNCTION lookup.hold_form(
  new_id uuid, sender uuid, team uuid, sent_to text, body bytea, lives_until timestamptz,
  most integer
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.held_forms h WHERE h.id IN (
    SELECT o.id FROM public.held_forms o WHERE o.session_id = sender
    ORDER BY o.expires_at DESC, o.id DESC OFFSET most - 1
  );
  INSERT INTO public.held_forms (id, session_id, tenant_id, path, sealed, expires_at)
  VALUES (new_id, sender, team, sent_to, body, lives_until);
END;

CREATE FUNCTION lookup.held_form(held uuid, sender uuid, team uuid) RETURNS TABLE (
  path text, sealed bytea
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.path, h.sealed FROM public.held_forms h
  WHERE h.id = held AND h.session_id = sender AND h.tenant_id = team AND h.expires_at > now();
END;

CREATE FUNCTION lookup.take_form(held uuid, sender uuid, team uuid, sent_to text) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  body bytea;
BEGIN
  DELETE FROM public.held_forms h
  WHERE h.id = held AND h.session_id = sender AND h.tenant_id = team AND h.path = sent_to
    AND h.expires_at > now()
  RETURNING h.sealed INTO body;
  RETURN body;
END
$$;

CREATE FUNCTION lookup.delete_expired_factors() RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM public.pending_sign_ins WHERE expires_at < now();
  DELETE FROM public.passkey_challenges WHERE expires_at < now();
  DELETE FROM public.held_forms WHERE expires_at < now();
  DELETE FROM public.factor_tries WHERE tried_at < now() - interval '1 day';
  DELETE FROM public.authenticators
  WHERE confirmed_at IS NULL AND created_at < now() - interval '1 hour';
END;

REVOKE EXECUTE ON FUNCTION lookup.has_factor(uuid),
  lookup.factors(uuid, uuid),
  lookup.members_with_factor(),
  lookup.require_second_factor(),
  lookup.require_maker_factor(),
  lookup.drop_unproved_factors(),
  lookup.end_pending_sign_ins(),
  lookup.add_passkey(uuid, uuid, bytea, bytea, bigint, jsonb, boolean, text),
  lookup.passkeys_of(uuid),
  lookup.passkey(bytea),
  lookup.use_passkey(uuid, uuid, bigint, boolean),
  lookup.remove_passkey(uuid, uuid),
  lookup.remove_authenticator(uuid),
  lookup.begin_authenticator(uuid, bytea),
  lookup.authenticator(uuid),
  lookup.confirm_authenticator(uuid, bytea, bigint),
  lookup.use_authenticator(uuid, bytea, bigint),
  lookup.replace_recovery_codes(uuid, jsonb),
  lookup.use_recovery_code(uuid, bytea),
  lookup.take_factor_try(uuid, uuid, uuid, integer, integer),
  lookup.forgive_factor_try(uuid),
  lookup.create_pending_sign_in(uuid, bytea, uuid, timestamptz),
  lookup.pending_sign_in(bytea),
  lookup.spend_pending_sign_in(uuid),
  lookup.create_passkey_challenge(bytea, uuid, text, timestamptz),
  lookup.spend_passkey_challenge(bytea),
  lookup.hold_form(uuid, uuid, uuid, text, bytea, timestamptz, integer),
  lookup.held_form(uuid, uuid, uuid),
  lookup.take_form(uuid, uuid, uuid, text),
  lookup.delete_expired_factors()
FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.factors(uuid, uuid),
  lookup.members_with_factor(),
  lookup.add_passkey(uuid, uuid, bytea, bytea, bigint, jsonb, boolean, text),
  lookup.passkeys_of(uuid),
  lookup.passkey(bytea),
  lookup.use_passkey(uuid, uuid, bigint, boolean),
  lookup.remove_passkey(uuid, uuid),
  lookup.remove_authenticator(uuid),
  lookup.begin_authenticator(uuid, bytea),
  lookup.authenticator(uuid),
  lookup.confirm_authenticator(uuid, bytea, bigint),
  lookup.use_authenticator(uuid, bytea, bigint),
  lookup.replace_recovery_codes(uuid, jsonb),
  lookup.use_recovery_code(uuid, bytea),
  lookup.take_factor_try(uuid, uuid, uuid, integer, integer),
  lookup.forgive_factor_try(uuid),
  lookup.create_pending_sign_in(uuid, bytea, uuid, timestamptz),
  lookup.pending_sign_in(bytea),
  lookup.spend_pending_sign_in(uuid),
  lookup.create_passkey_challenge(bytea, uuid, text, timestamptz),
  lookup.spend_passkey_challenge(bytea),
  lookup.hold_form(uuid, uuid, uuid, text, bytea, timestamptz, integer),
  lookup.held_form(uuid, uuid, uuid),
  lookup.take_form(uuid, uuid, uuid, text),
  lookup.delete_expired_factors()
TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

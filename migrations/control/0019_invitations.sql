-- An invitation is worth what its sender may do today: it dies when they leave, or may give its role no
-- more.

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

-- Whether a member may give a role: owners every one, admins those below.
CREATE FUNCTION public.may_give(sender_role text, given text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN sender_role = 'owner' OR sender_role = 'admin' AND given <> 'owner';

GRANT UPDATE (role) ON members TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

DELETE FROM public.invitations i WHERE NOT EXISTS (
  SELECT FROM public.members m
  WHERE m.tenant_id = i.tenant_id AND m.user_id = i.invited_by
    AND public.may_give(m.role, i.role)
);

-- Not by the application's own word: who invites is a member who may give that role.
CREATE FUNCTION lookup.require_standing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Held until the end of the transaction, so that nobody is demoted in between.
  PERFORM 1 FROM public.members m
  WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.invited_by
    AND public.may_give(m.role, NEW.role) FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'an invitation is sent by a member who may give its role'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invitations_standing';
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION lookup.end_invitations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM public.invitations i
  WHERE i.tenant_id = OLD.tenant_id AND i.invited_by = OLD.user_id
    AND (TG_OP = 'DELETE' OR NOT public.may_give(NEW.role, i.role));
  RETURN NULL;
END
$$;

RESET ROLE;

CREATE TRIGGER require_standing AFTER INSERT ON invitations
FOR EACH ROW EXECUTE FUNCTION lookup.require_standing();

CREATE TRIGGER end_invitations_update AFTER UPDATE OF role ON members
FOR EACH ROW EXECUTE FUNCTION lookup.end_invitations();

CREATE TRIGGER end_invitations_delete AFTER DELETE ON members
FOR EACH ROW EXECUTE FUNCTION lookup.end_invitations();

SET LOCAL ROLE bulkhead_lookup;

CREATE OR REPLACE FUNCTION lookup.invitation(presented bytea) RETURNS TABLE (
  id uuid, tenant_id uuid, tenant_name text, email text, role text, invited_by text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT i.id, i.tenant_id, t.name, i.email, i.role, u.email
  FROM public.invitations i
  JOIN public.tenants t ON t.id = i.tenant_id
  JOIN public.users u ON u.id = i.invited_by
  JOIN public.members m ON m.tenant_id = i.tenant_id AND m.user_id = i.invited_by
    AND public.may_give(m.role, i.role)
  WHERE i.hash = presented AND i.expires_at > now();
END;

-- Used up by the person with its address. Its sender is held to what they may do until it is done.
CREATE OR REPLACE FUNCTION lookup.accept_invitation(presented bytea, account uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  taken record;
BEGIN
  PERFORM 1 FROM public.invitations i
  JOIN public.members m ON m.tenant_id = i.tenant_id AND m.user_id = i.invited_by
    AND public.may_give(m.role, i.role)
  WHERE i.hash = presented FOR SHARE OF m;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
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

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

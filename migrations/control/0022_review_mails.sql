-- Whether a team's approvers have to be told that changes wait, and when they were last. One row a team,
-- written with the entry of the activity log that says so: told once, however many processes there are.
CREATE TABLE review_news (
  tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  -- Since when there is something to tell; null: nothing.
  since timestamptz,
  -- Rises with each change that was queued: whoever tells of it says up to which.
  news bigint NOT NULL DEFAULT 1,
  told_at timestamptz
);

CREATE INDEX review_news_due_idx ON review_news (since) WHERE since IS NOT NULL;

ALTER TABLE review_news ENABLE ROW LEVEL SECURITY;

ALTER TABLE review_news FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON review_news TO bulkhead_app USING (tenant_id = current_tenant());

CREATE POLICY lookup ON review_news TO bulkhead_lookup USING (true);

GRANT SELECT, INSERT, UPDATE ON review_news TO bulkhead_app;

GRANT SELECT ON review_news TO bulkhead_lookup;

-- Whether a member wants to be told by mail.
ALTER TABLE members ADD COLUMN review_mail boolean NOT NULL DEFAULT true;

GRANT UPDATE (review_mail) ON members TO bulkhead_app;

-- Of fellow members alone, as their addresses: an address that nobody has proved is sent nothing.
GRANT SELECT (email_verified_at) ON users TO bulkhead_app;

GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

CREATE FUNCTION lookup.due_review_news(settle interval, quiet interval)
RETURNS TABLE (tenant_id uuid, news bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.tenant_id, r.news FROM public.review_news r
  WHERE r.since <= now() - settle AND (r.told_at IS NULL OR r.told_at <= now() - quiet)
  ORDER BY r.since LIMIT 100;
END;

REVOKE ALL ON FUNCTION lookup.due_review_news(interval, interval) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.due_review_news(interval, interval) TO bulkhead_app;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

-- The audit log by months: kept for twelve, then dropped month by month. What a tenant's chain was at the
-- end of what is dropped stays as an anchor, from which the rest verifies.

-- In a schema of their own, which the application cannot enter: it reaches months through the log alone.
CREATE SCHEMA audit_months;

GRANT USAGE ON SCHEMA audit_months TO bulkhead_lookup;

-- Set where a tenant's entries up to this one were dropped.
ALTER TABLE audit_anchors ADD COLUMN dropped_at timestamptz;

CREATE INDEX audit_anchors_dropped_idx ON audit_anchors (tenant_id, seq) WHERE dropped_at IS NOT NULL;

GRANT UPDATE (dropped_at) ON audit_anchors TO bulkhead_lookup;

DROP TRIGGER chain ON audit_events;

DROP TRIGGER keep ON audit_events;

SET LOCAL ROLE bulkhead_lookup;

DROP FUNCTION lookup.chain_audit_event();

DROP FUNCTION lookup.audit_hash(bytea, public.audit_events);

RESET ROLE;

ALTER TABLE audit_events RENAME TO audit_events_unparted;

-- month is fixed when a row is inserted, before it has its place and time: those are set by an update,
-- which would move a row to another partition were its time the key. No foreign key to tenants: making a
-- month would lock them. An entry of a tenant that is none is refused all the same, by audit_heads.
CREATE TABLE audit_events (
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  action text NOT NULL,
  actor_kind text NOT NULL
    CHECK (actor_kind IN ('dashboard', 'mcp', 'rest', 'agent', 'system')),
  user_id uuid,
  token_id uuid,
  endpoint_id uuid,
  subject text,
  request_id uuid,
  network text,
  detail jsonb NOT NULL DEFAULT '{}',
  seq bigint CHECK (seq > 0),
  hash bytea CHECK (length(hash) = 32),
  month date NOT NULL DEFAULT (date_trunc('month', now() AT TIME ZONE 'UTC'))::date,
  -- What an entry tells besides, to find it by; no part of its hash. Columns, since an index on an
  -- expression is of no use under row-level security; cut to what fits into an index, since nothing that
  -- is told may refuse an entry.
  told_tool text GENERATED ALWAYS AS (left(detail ->> 'tool', 100)) STORED,
  told_table text GENERATED ALWAYS AS (
    left(CASE WHEN starts_with(action, 'row.') THEN subject ELSE detail ->> 'table' END, 100)
  ) STORED,
  told_grant text GENERATED ALWAYS AS (left(detail ->> 'grant', 100)) STORED,
  told_client text GENERATED ALWAYS AS (left(detail ->> 'client_id', 100)) STORED,
  CHECK ((seq IS NULL) = (hash IS NULL)),
  CONSTRAINT audit_events_by_id PRIMARY KEY (id, month),
  CONSTRAINT audit_events_by_seq UNIQUE (tenant_id, seq, month)
) PARTITION BY RANGE (month);

CREATE FUNCTION lookup.audit_month_name(month date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN to_char(month, '"m"YYYY_MM');

-- A partition: walls of its own for whoever names it, and no right for the application.
CREATE FUNCTION lookup.make_audit_partition(name text, bounds text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('CREATE TABLE audit_months.%I PARTITION OF public.audit_events %s', name, bounds);
  EXECUTE format('ALTER TABLE audit_months.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE audit_months.%I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('GRANT SELECT ON audit_months.%I TO bulkhead_lookup', name);
  EXECUTE format(
    'CREATE POLICY lookup ON audit_months.%I FOR SELECT TO bulkhead_lookup USING (true)', name
  );
END
$$;

CREATE FUNCTION lookup.make_audit_month(month date) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT lookup.make_audit_partition(
    lookup.audit_month_name(month),
    format('FOR VALUES FROM (%L) TO (%L)', month, (month + interval '1 month')::date)
  )
$$;

REVOKE ALL ON FUNCTION lookup.audit_month_name(date), lookup.make_audit_partition(text, text),
  lookup.make_audit_month(date) FROM PUBLIC;

-- Takes an entry that no month is there for: an insert never fails for that.
SELECT lookup.make_audit_partition('rest', 'DEFAULT');

ALTER TABLE audit_events_unparted NO FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
  this_month CONSTANT timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
BEGIN
  PERFORM lookup.make_audit_month(m::date) FROM generate_series(
    (SELECT least(min(date_trunc('month', at AT TIME ZONE 'UTC')), this_month)
     FROM public.audit_events_unparted),
    this_month + interval '3 months', interval '1 month'
  ) AS m;
END
$$;

INSERT INTO audit_events (
  id, tenant_id, at, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id, network,
  detail, seq, hash, month
)
SELECT id, tenant_id, at, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id,
  network, detail, seq, hash, date_trunc('month', at AT TIME ZONE 'UTC')::date
FROM audit_events_unparted;

DROP TABLE audit_events_unparted;

CREATE INDEX audit_events_tenant_idx ON audit_events (tenant_id, at);

CREATE INDEX audit_events_user_idx ON audit_events (tenant_id, user_id, seq)
WHERE user_id IS NOT NULL;

CREATE INDEX audit_events_token_idx ON audit_events (tenant_id, token_id, seq)
WHERE token_id IS NOT NULL;

CREATE INDEX audit_events_endpoint_idx ON audit_events (tenant_id, endpoint_id, seq)
WHERE endpoint_id IS NOT NULL;

CREATE INDEX audit_events_action_idx ON audit_events (tenant_id, action, seq);

CREATE INDEX audit_events_tool_idx ON audit_events (tenant_id, told_tool, seq)
WHERE told_tool IS NOT NULL;

CREATE INDEX audit_events_table_idx ON audit_events (tenant_id, told_table, seq)
WHERE told_table IS NOT NULL;

CREATE INDEX audit_events_grant_idx ON audit_events (tenant_id, told_grant, seq)
WHERE told_grant IS NOT NULL;

CREATE INDEX audit_events_client_idx ON audit_events (tenant_id, told_client, seq)
WHERE told_client IS NOT NULL;

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON audit_events TO bulkhead_app USING (tenant_id = current_tenant());

CREATE POLICY lookup ON audit_events TO bulkhead_lookup USING (true);

GRANT SELECT, INSERT (
  id, tenant_id, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id, network,
  detail
) ON audit_events TO bulkhead_app;

GRANT SELECT, UPDATE (at, seq, hash) ON audit_events TO bulkhead_lookup;

-- For as long as its functions are being made.
GRANT CREATE ON SCHEMA lookup TO bulkhead_lookup;

SET LOCAL ROLE bulkhead_lookup;

-- As before: the month is no part of the hash.
CREATE FUNCTION lookup.audit_hash(previous bytea, entry public.audit_events) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT sha256(previous || convert_to(string_agg(
    coalesce(octet_length(field.value) || ':' || field.value, '-'), ',' ORDER BY field.place
  ), 'UTF8'))
  FROM unnest(ARRAY[
    entry.seq::text, entry.id::text, entry.tenant_id::text,
    to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    entry.action, entry.actor_kind, entry.user_id::text, entry.token_id::text,
    entry.endpoint_id::text, entry.subject, entry.request_id::text, entry.network,
    entry.detail::text
  ]) WITH ORDINALITY AS field(value, place);
END;

-- As before, but that the row is found within its month.
CREATE FUNCTION lookup.chain_audit_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  head public.audit_heads;
  entry public.audit_events;
BEGIN
  INSERT INTO public.audit_heads (tenant_id, seq, hash, at)
  VALUES (NEW.tenant_id, 0, decode(repeat('00', 32), 'hex'), '-infinity')
  ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT head FROM public.audit_heads h WHERE h.tenant_id = NEW.tenant_id FOR UPDATE;
  entry := NEW;
  entry.seq := head.seq + 1;
  -- A clock that is set back turns no order around.
  entry.at := greatest(clock_timestamp(), head.at);
  entry.hash := lookup.audit_hash(head.hash, entry);
  UPDATE public.audit_events e SET at = entry.at, seq = entry.seq, hash = entry.hash
  WHERE e.id = entry.id AND e.month = entry.month;
  UPDATE public.audit_heads h SET seq = entry.seq, hash = entry.hash, at = entry.at
  WHERE h.tenant_id = entry.tenant_id;
  RETURN NULL;
END
$$;

CREATE FUNCTION lookup.audit_month_begun(asked date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM public.audit_events e WHERE e.month = asked);
END;

-- Whether a partition holds nothing that happened since: by the times that are chained, which a clock
-- that is set back does not turn around, unlike months. What takes the rest stays while it is empty.
CREATE FUNCTION lookup.audit_partition_ended(name text, since timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended boolean;
BEGIN
  EXECUTE format(
    'SELECT NOT EXISTS (SELECT FROM audit_months.%1$I WHERE at >= $1)
       AND ($2 OR EXISTS (SELECT FROM audit_months.%1$I))', name
  ) INTO ended USING since, name <> 'rest';
  RETURN ended;
END
$$;

-- Anchors each tenant's last entry of a partition that is about to be dropped, under that entry's time, so
-- that heads go on being anchored by the hour. Entries before it which lie in another partition, since
-- they were begun in another month, are no longer shown either, and go with that month.
CREATE FUNCTION lookup.anchor_audit_partition(name text)
RETURNS TABLE (tenant_id uuid, seq bigint, hash bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY EXECUTE format(
    'INSERT INTO public.audit_anchors AS made (tenant_id, seq, hash, at, dropped_at)
     SELECT DISTINCT ON (e.tenant_id) e.tenant_id, e.seq, e.hash, e.at, now()
     FROM audit_months.%I e WHERE e.seq IS NOT NULL
     ORDER BY e.tenant_id, e.seq DESC
     ON CONFLICT (tenant_id, seq) DO UPDATE SET dropped_at = now()
     RETURNING made.tenant_id, made.seq, made.hash', name
  );
END
$$;

REVOKE ALL ON FUNCTION lookup.audit_hash(bytea, public.audit_events), lookup.chain_audit_event(),
  lookup.audit_month_begun(date), lookup.audit_partition_ended(text, timestamptz),
  lookup.anchor_audit_partition(text) FROM PUBLIC;

-- To whoever owns the log, and so makes its partitions and their triggers.
DO $$
DECLARE
  keeper name := (
    SELECT relowner::regrole::name FROM pg_class WHERE oid = 'public.audit_events'::regclass
  );
BEGIN
  EXECUTE format(
    'GRANT EXECUTE ON FUNCTION lookup.chain_audit_event(), lookup.keep_audit_event(),
       lookup.audit_month_begun(date), lookup.audit_partition_ended(text, timestamptz),
       lookup.anchor_audit_partition(text) TO %I', keeper
  );
END
$$;

RESET ROLE;

REVOKE CREATE ON SCHEMA lookup FROM bulkhead_lookup;

CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON audit_events
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION lookup.chain_audit_event();

CREATE TRIGGER keep BEFORE UPDATE ON audit_events
FOR EACH ROW WHEN (OLD.hash IS NOT NULL)
EXECUTE FUNCTION lookup.keep_audit_event();

-- Makes the partitions of this month and the next three, and drops those whose every entry is twelve
-- months old; answers each tenant's last entry of what was dropped. Owned by the log's owner, as only an
-- owner may make and drop partitions: it takes no arguments, and runs nothing but what stands here. Waits
-- for no lock longer than writers can be kept waiting behind it; what it did not get to is for the next time.
CREATE FUNCTION lookup.keep_audit_months() RETURNS TABLE (tenant_id uuid, seq bigint, hash bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
  this_month CONSTANT date := date_trunc('month', now() AT TIME ZONE 'UTC');
  oldest CONSTANT timestamptz := now() - interval '12 months';
  ahead date;
  part text;
BEGIN
  -- Of several replicas, one at a time.
  IF NOT pg_try_advisory_xact_lock(hashtext('bulkhead.audit_months')) THEN
    RETURN;
  END IF;
  FOR ahead IN
    SELECT m::date FROM generate_series(this_month, this_month + interval '3 months', interval '1 month') AS m
  LOOP
    -- A month that began among the rest stays there.
    CONTINUE WHEN to_regclass('audit_months.' || lookup.audit_month_name(ahead)) IS NOT NULL
      OR lookup.audit_month_begun(ahead);
    LOCK TABLE ONLY public.audit_events IN ACCESS EXCLUSIVE MODE;
    CONTINUE WHEN lookup.audit_month_begun(ahead);
    PERFORM lookup.make_audit_month(ahead);
  END LOOP;
  FOREACH part IN ARRAY ARRAY(
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'audit_months'::regnamespace AND c.relkind = 'r'
      AND (c.relname = 'rest' OR c.relname < lookup.audit_month_name((oldest AT TIME ZONE 'UTC')::date))
    ORDER BY c.relname
  ) LOOP
    CONTINUE WHEN NOT lookup.audit_partition_ended(part, oldest);
    -- The log before its part: so does whoever reads or writes it.
    LOCK TABLE ONLY public.audit_events IN ACCESS EXCLUSIVE MODE;
    CONTINUE WHEN NOT lookup.audit_partition_ended(part, oldest);
    RETURN QUERY SELECT * FROM lookup.anchor_audit_partition(part);
    EXECUTE format('DROP TABLE audit_months.%I', part);
    IF part = 'rest' THEN
      PERFORM lookup.make_audit_partition('rest', 'DEFAULT');
    END IF;
  END LOOP;
END
$$;

REVOKE ALL ON FUNCTION lookup.keep_audit_months() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lookup.keep_audit_months() TO bulkhead_app;

-- Writes: who may change what (access, rules), what was changed (journal), what waits for a person or was
-- asked under a key (changes), and what the audit log has not heard of yet (outbox). Everything belongs
-- to pg_database_owner; readers and writers have no grant on any of it.

-- The roles that rows are granted to, and whether they may be written at all. One row, made with the
-- database and not in the template: the salt is this database's own.
CREATE TABLE bulkhead.access (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  reader name NOT NULL,
  writer name NOT NULL,
  writes boolean NOT NULL DEFAULT false,
  -- Without it, what the audit log holds of a key or an image could be guessed and tried.
  salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);

-- What the owner has restricted; a table without a row is open to read, and to write where writes are on.
CREATE TABLE bulkhead.rules (
  table_name text PRIMARY KEY,
  hidden text[] NOT NULL DEFAULT '{}',
  read_only text[] NOT NULL DEFAULT '{}',
  may_insert boolean NOT NULL DEFAULT true,
  may_update boolean NOT NULL DEFAULT true,
  may_delete boolean NOT NULL DEFAULT true,
  -- The filter as it is edited, and as the policy holds it: SQL over the table's bare column names.
  row_filter jsonb,
  row_filter_sql text,
  CHECK ((row_filter IS NULL) = (row_filter_sql IS NULL))
);

-- One entry a changed row, written by a trigger in the writer's own transaction.
CREATE TABLE bulkhead.journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What belongs together: one call of a tool, one undo.
  change_id uuid NOT NULL,
  op text NOT NULL CHECK (op IN ('insert', 'update', 'delete', 'rules')),
  table_name text NOT NULL,
  -- The primary key's columns and values.
  key jsonb,
  before jsonb,
  after jsonb,
  -- The entry that this one takes back.
  undoes bigint,
  -- Who and by what: kind, user, token, grant, client, label, tool, request, network.
  context jsonb NOT NULL,
  -- So whoever follows what was undone by what comes to an end.
  CHECK (undoes < id)
);

CREATE INDEX journal_change_idx ON bulkhead.journal (change_id);

-- Times rise with ids: a few kilobytes find a day.
CREATE INDEX journal_at_idx ON bulkhead.journal USING brin (at) WITH (autosummarize = on);

CREATE INDEX journal_undoes_idx ON bulkhead.journal (undoes) WHERE undoes IS NOT NULL;

-- Entries that the relay has not carried over. Struck off afterwards, so that a transaction which commits
-- late, with a low id, is not passed by.
CREATE TABLE bulkhead.outbox (
  entry bigint PRIMARY KEY,
  -- What happened besides to rows: a change queued, decided on, taken back. It goes the journal's way, so
  -- that it is told if it is so, and has a number of the journal's. Null for an entry of the journal.
  notice jsonb
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Changes that wait for a person or were asked under an idempotency key.
CREATE TABLE bulkhead.changes (
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state text NOT NULL CHECK (state IN ('queued', 'applied', 'rejected')),
  tool text NOT NULL,
  table_name text NOT NULL,
  -- The call's arguments as they were parsed, and what they would do: kept while it may still be done.
  arguments jsonb,
  preview jsonb,
  -- Whose idempotency keys these are: a connection's, a token's or a person's id.
  actor text NOT NULL,
  context jsonb NOT NULL,
  idempotency_key text,
  body_digest text,
  decided_at timestamptz,
  decided_by jsonb,
  note text,
  CHECK ((idempotency_key IS NULL) = (body_digest IS NULL))
);

CREATE UNIQUE INDEX changes_idempotency_key ON bulkhead.changes (actor, idempotency_key)
WHERE idempotency_key IS NOT NULL;

CREATE INDEX changes_queued_idx ON bulkhead.changes (at) WHERE state = 'queued';

CREATE INDEX changes_at_idx ON bulkhead.changes (at);

-- Keeps a changed row. As the owner of all this: the writer can neither leave it out nor change it. What
-- it takes from the writer's session is who the change is said to be by, and not how values are written:
-- rounded or in another style, an image would not be what the row was.
CREATE FUNCTION bulkhead.keep_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  said CONSTANT jsonb := nullif(current_setting('bulkhead.change', true), '')::jsonb;
  image jsonb;
  entry bigint;
BEGIN
  -- Looked at, and seldom set: as settings of the function they cost every row a tenth.
  IF current_setting('extra_float_digits') <> '1' OR current_setting('TimeZone') <> 'UTC'
    OR current_setting('DateStyle') NOT LIKE 'ISO%' OR current_setting('bytea_output') <> 'hex'
    OR current_setting('IntervalStyle') <> 'postgres'
  THEN
    PERFORM set_config('extra_float_digits', '1', true), set_config('TimeZone', 'UTC', true),
      set_config('DateStyle', 'ISO', true), set_config('bytea_output', 'hex', true),
      set_config('IntervalStyle', 'postgres', true);
  END IF;
  IF said ? 'key' THEN
    -- Of two calls under one key, the later fails here, and with it all that it wrote. One that changes
    -- nothing has used its key, too.
    INSERT INTO bulkhead.changes (
      id, state, tool, table_name, actor, context, idempotency_key, body_digest
    ) VALUES (
      (said ->> 'change')::uuid, 'applied', said -> 'by' ->> 'tool', TG_TABLE_NAME,
      said ->> 'actor', said -> 'by', said ->> 'key', said ->> 'digest'
    ) ON CONFLICT (id) DO NOTHING;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD *= NEW THEN
    RETURN NULL;
  END IF;
  image := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
  INSERT INTO bulkhead.journal (change_id, op, table_name, key, before, after, undoes, context)
  VALUES (
    coalesce((said ->> 'change')::uuid, gen_random_uuid()),
    lower(TG_OP),
    TG_TABLE_NAME,
    CASE TG_NARGS
      WHEN 1 THEN jsonb_build_object(TG_ARGV[0], image -> TG_ARGV[0])
      ELSE (SELECT jsonb_object_agg(name, image -> name) FROM unnest(TG_ARGV) AS name)
    END,
    CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) WHEN 'DELETE' THEN image END,
    CASE TG_OP WHEN 'DELETE' THEN NULL ELSE image END,
    -- Undoing is the owner's: what a writer's own session says of it is not true.
    CASE WHEN said ? 'undoes' AND session_user <> (SELECT writer FROM bulkhead.access)
      THEN (said ->> 'undoes')::bigint END,
    coalesce(said -> 'by', '{}')
  )
  RETURNING id INTO entry;
  INSERT INTO bulkhead.outbox (entry) VALUES (entry);
  RETURN NULL;
END
$$;

-- Makes a table's grants, policy and trigger say what access and rules say. Called by the owner for a new
-- table, a table with new columns, and after each change of either.
CREATE FUNCTION bulkhead.apply_access(target regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  access bulkhead.access;
  rule bulkhead.rules;
  keys text[];
  visible text;
  insertable text;
  updatable text;
  filtered boolean;
BEGIN
  SELECT * INTO STRICT access FROM bulkhead.access;
  SELECT r.* INTO rule FROM bulkhead.rules r
  JOIN pg_class c ON c.relname = r.table_name WHERE c.oid = target;
  filtered := rule.row_filter_sql IS NOT NULL
    OR (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = target);
  -- Before the catalogue is touched: whoever builds an index changes the same rows of it at its end, and
  -- would wait for this while this waits for the table.
  EXECUTE format(
    'LOCK TABLE %s IN %s MODE', target,
    CASE WHEN filtered THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE ROW EXCLUSIVE' END
  );
  rule.hidden := coalesce(rule.hidden, '{}');
  rule.read_only := coalesce(rule.read_only, '{}');
  SELECT array_agg(a.attname ORDER BY k.place) INTO keys
  FROM pg_index i
  CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE i.indrelid = target AND i.indisprimary;
  SELECT
    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (
      WHERE a.attgenerated = '' AND a.attidentity <> 'a' AND a.attname <> ALL (rule.read_only)
    ),
    -- A row keeps its key: another key is another row.
    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (
      WHERE a.attgenerated = '' AND a.attidentity <> 'a' AND a.attname <> ALL (rule.read_only)
        AND a.attname <> ALL (keys)
    )
  INTO visible, insertable, updatable
  FROM pg_attribute a
  WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname <> ALL (rule.hidden);

  -- At the table's level this takes column grants too.
  EXECUTE format('REVOKE ALL ON %s FROM %I, %I', target, access.reader, access.writer);
  IF visible IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format(
    'GRANT SELECT %s ON %s TO %I, %I',
    CASE WHEN cardinality(rule.hidden) > 0 THEN format('(%s)', visible) END,
    target, access.reader, access.writer
  );

  IF filtered THEN
    EXECUTE format('DROP POLICY IF EXISTS bulkhead_rows ON %s', target);
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', target);
  END IF;
  IF rule.row_filter_sql IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format(
      'CREATE POLICY bulkhead_rows ON %s TO %I, %I USING (%s) WITH CHECK (%s)',
      target, access.reader, access.writer, rule.row_filter_sql, rule.row_filter_sql
    );
  END IF;

  -- Without a primary key no entry could say which row it is about.
  IF NOT access.writes OR keys IS NULL THEN
    RETURN;
  END IF;
  IF coalesce(rule.may_insert, true) AND insertable IS NOT NULL THEN
    EXECUTE format('GRANT INSERT (%s) ON %s TO %I', insertable, target, access.writer);
  END IF;
  IF coalesce(rule.may_update, true) AND updatable IS NOT NULL THEN
    EXECUTE format('GRANT UPDATE (%s) ON %s TO %I', updatable, target, access.writer);
  END IF;
  IF coalesce(rule.may_delete, true) THEN
    EXECUTE format('GRANT DELETE ON %s TO %I', target, access.writer);
  END IF;
  -- It stays when writes are turned off: what an owner then takes back is kept as well. Loads are told
  -- as a whole. That it is a load only the owner's own session can say: by session_user, since what
  -- follows by ON DELETE CASCADE runs as the table's owner whoever deletes.
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER bulkhead_journal AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
      'WHEN (current_setting(''bulkhead.loading'', true) IS DISTINCT FROM ''on'' '
      'OR session_user <> %L) EXECUTE FUNCTION bulkhead.keep_row(%s)',
    target,
    (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = target),
    (SELECT string_agg(quote_literal(name), ', ' ORDER BY place)
     FROM unnest(keys) WITH ORDINALITY AS k(name, place))
  );
END
$$;

-- Every table of the data.
CREATE FUNCTION bulkhead.apply_access_everywhere() RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT bulkhead.apply_access(c.oid::regclass) FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  ORDER BY c.oid
$$;

-- What may be shown of an image now: nothing where the row is filtered out, and no hidden column. A table
-- that is gone or has changed its types shows nothing, rather than too much.
CREATE FUNCTION bulkhead.visible_image(of_table text, image jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule bulkhead.rules;
  shown boolean := true;
BEGIN
  SELECT * INTO rule FROM bulkhead.rules r WHERE r.table_name = of_table;
  IF NOT FOUND OR image IS NULL THEN
    RETURN image;
  END IF;
  IF rule.row_filter_sql IS NOT NULL THEN
    EXECUTE format(
      'SELECT (%s) FROM jsonb_populate_record(NULL::public.%I, $1) AS %I',
      rule.row_filter_sql, of_table, of_table
    ) INTO shown USING image;
  END IF;
  RETURN CASE WHEN shown THEN image - rule.hidden END;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION bulkhead.keep_row(), bulkhead.apply_access(regclass),
  bulkhead.apply_access_everywhere(), bulkhead.visible_image(text, jsonb) FROM PUBLIC;

ALTER TABLE bulkhead.access OWNER TO pg_database_owner;

ALTER TABLE bulkhead.rules OWNER TO pg_database_owner;

ALTER TABLE bulkhead.journal OWNER TO pg_database_owner;

ALTER TABLE bulkhead.outbox OWNER TO pg_database_owner;

ALTER TABLE bulkhead.changes OWNER TO pg_database_owner;

ALTER FUNCTION bulkhead.keep_row() OWNER TO pg_database_owner;

ALTER FUNCTION bulkhead.apply_access(regclass) OWNER TO pg_database_owner;

ALTER FUNCTION bulkhead.apply_access_everywhere() OWNER TO pg_database_owner;

ALTER FUNCTION bulkhead.visible_image(text, jsonb) OWNER TO pg_database_owner;

-- New tables wait until somebody opens them: no role that serves calls is granted anything of one that
-- waits, whatever else is said of it.

CREATE TABLE bulkhead.waiting (
  table_name text PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE bulkhead.waiting OWNER TO pg_database_owner;

-- What access and rules say of a table that is open.
ALTER FUNCTION bulkhead.apply_access(regclass) RENAME TO apply_open_access;

-- Makes a table's grants, policy and trigger say what waiting, access and rules say. Called as before.
CREATE FUNCTION bulkhead.apply_access(target regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  access bulkhead.access;
BEGIN
  IF NOT EXISTS (
    SELECT FROM bulkhead.waiting w JOIN pg_class c ON c.relname = w.table_name WHERE c.oid = target
  ) THEN
    PERFORM bulkhead.apply_open_access(target);
    RETURN;
  END IF;
  SELECT * INTO STRICT access FROM bulkhead.access;
  EXECUTE format('REVOKE ALL ON %s FROM %I, %I', target, access.reader, access.writer);
END
$$;

REVOKE ALL ON FUNCTION bulkhead.apply_access(regclass) FROM PUBLIC;

ALTER FUNCTION bulkhead.apply_access(regclass) OWNER TO pg_database_owner;

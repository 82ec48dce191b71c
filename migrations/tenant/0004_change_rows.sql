-- The rows of changes that wait, whole and one by one, so that a person can look at each; and who has
-- looked at which of them. Both end with the decision. Like the rest of the schema, no role but the
-- owner's has any grant on them.
CREATE TABLE bulkhead.change_rows (
  change_id uuid NOT NULL REFERENCES bulkhead.changes ON DELETE CASCADE,
  -- From 1, without gaps.
  place integer NOT NULL,
  op text NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
  key jsonb NOT NULL,
  before jsonb,
  after jsonb,
  -- The row version before.
  was text,
  -- Whether every value is kept to its end.
  whole boolean NOT NULL,
  -- Characters of key, before and after.
  size integer NOT NULL,
  PRIMARY KEY (change_id, place)
);

CREATE TABLE bulkhead.change_views (
  change_id uuid NOT NULL REFERENCES bulkhead.changes ON DELETE CASCADE,
  -- A person's, a token's or a connection's id.
  viewer text NOT NULL,
  -- What was shown: another preview, or other field rules, and nothing of it has been looked at.
  version text NOT NULL,
  places int4multirange NOT NULL,
  PRIMARY KEY (change_id, viewer)
);

-- Names all that is shown of a change: its preview, which has a digest of its rows, and the field rules.
CREATE FUNCTION bulkhead.shown_version(of_table text, preview jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN left(encode(sha256(convert_to(preview::text || coalesce((
  SELECT r.hidden::text || coalesce(r.row_filter_sql, '')
  FROM bulkhead.rules r WHERE r.table_name = of_table
), '{}'), 'UTF8')), 'hex'), 16);

REVOKE ALL ON FUNCTION bulkhead.shown_version(text, jsonb) FROM PUBLIC;

INSERT INTO bulkhead.change_rows (change_id, place, op, key, before, after, was, whole, size)
SELECT c.id, e.place, e.value ->> 'op', e.value -> 'key', nullif(e.value -> 'before', 'null'),
  nullif(e.value -> 'after', 'null'), e.value ->> 'was', e.value -> 'cut' = 'false', length(e.value::text)
FROM bulkhead.changes c
CROSS JOIN LATERAL jsonb_array_elements(c.preview -> 'effects') WITH ORDINALITY AS e(value, place)
WHERE c.state = 'queued';

UPDATE bulkhead.changes SET preview = preview - 'effects' WHERE state = 'queued';

ALTER TABLE bulkhead.change_rows OWNER TO pg_database_owner;

ALTER TABLE bulkhead.change_views OWNER TO pg_database_owner;

ALTER FUNCTION bulkhead.shown_version(text, jsonb) OWNER TO pg_database_owner;

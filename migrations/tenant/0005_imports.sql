-- Imports as changes: one journal entry for each table that a file goes into, undone as a whole.

ALTER TABLE bulkhead.journal DROP CONSTRAINT journal_op_check;

-- Not checked against what is there, which the stricter constraint let in.
ALTER TABLE bulkhead.journal ADD CONSTRAINT journal_op_check
CHECK (op IN ('insert', 'update', 'delete', 'rules', 'import')) NOT VALID;

-- What a journal entry `import` stands for. What undoing needs lies in a schema of its own, `kept`, with
-- the tables `keys_<place>` (the primary keys of the rows that it added), `rows_<place>` (the rows that it
-- removed, whole) or, for an undone creation, the table itself. Nobody but the owner may enter it.
CREATE TABLE bulkhead.import_entries (
  entry bigint PRIMARY KEY,
  ingest_id uuid NOT NULL,
  file_name text NOT NULL,
  -- Of the file, in hexadecimal; null where nobody told.
  sha256 text,
  mode text NOT NULL CHECK (mode IN ('create', 'append', 'replace', 'undo')),
  added bigint NOT NULL,
  removed bigint NOT NULL,
  -- Whether it made, or took away, the table itself.
  whole_table boolean NOT NULL,
  -- Foreign keys of a table that was taken away, to be made again with it.
  foreign_keys text[] NOT NULL DEFAULT '{}',
  -- The transaction by which the added rows stand in their table: a row that has another has been changed
  -- since. And the entry's own, by which a database that was restored from a dump is known.
  rows_xid xid,
  own_xid xid NOT NULL,
  -- Null when the time for undoing is over.
  kept text,
  place integer NOT NULL,
  expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days'
);

CREATE INDEX import_entries_expires_idx ON bulkhead.import_entries (expires_at)
WHERE kept IS NOT NULL;

ALTER TABLE bulkhead.import_entries OWNER TO pg_database_owner;

-- What Bulkhead keeps in an endpoint's own database. Everything belongs to pg_database_owner, which
-- stands for the owner role of whichever database the template becomes. Readers and writers are given
-- no USAGE on the schema.

CREATE SCHEMA IF NOT EXISTS bulkhead AUTHORIZATION pg_database_owner;

-- One row a load, written in the load's own transaction: a load that is repeated after a crash finds it
-- and does nothing, and a load that did not end has none.
CREATE TABLE bulkhead.loads (
  ingest_id uuid PRIMARY KEY,
  file_name text NOT NULL,
  report jsonb NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now()
);

-- Rows that were set aside. In a delimited file and NDJSON `line` is the line on which the row begins,
-- in JSON the number of the element in its array, both counted from 1.
CREATE TABLE bulkhead.rejects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ingest_id uuid NOT NULL,
  file_name text NOT NULL,
  table_name text NOT NULL,
  line bigint NOT NULL,
  reason text NOT NULL,
  -- The row's beginning, as far as text can hold it.
  raw text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX rejects_ingest_idx ON bulkhead.rejects (ingest_id, line);

ALTER TABLE bulkhead.loads OWNER TO pg_database_owner;

ALTER TABLE bulkhead.rejects OWNER TO pg_database_owner;

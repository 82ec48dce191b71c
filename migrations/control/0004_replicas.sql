-- The processes that serve, each with a sign of life: whoever revokes waits for those that live.
CREATE TABLE replicas (
  id uuid PRIMARY KEY,
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- No tenant's data: the application may read and keep every row.
GRANT SELECT, INSERT, UPDATE, DELETE ON replicas TO bulkhead_app;

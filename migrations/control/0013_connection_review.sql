-- An app's writes wait for a person, as a token's may: for what was agreed to, once and for all, and for
-- what the connection may do on an endpoint today. A token is as strict as the stricter of the two.

ALTER TABLE oauth_authorizations
  ADD COLUMN review boolean NOT NULL DEFAULT false,
  ADD CHECK (scope = 'mcp:write' OR NOT review);

ALTER TABLE oauth_grant_endpoints
  ADD COLUMN review boolean NOT NULL DEFAULT false,
  ADD CHECK (scope = 'mcp:write' OR NOT review);

-- Not of the authorization: what was agreed to under review is never issued without it.
GRANT UPDATE (review) ON oauth_grant_endpoints TO bulkhead_app;

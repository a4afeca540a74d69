-- Access tokens that their client gave back before they ended, until they would have: the server refuses them from then on.
-- Old processes do not look here: until all are new, they take such a token for its last minutes.
CREATE TABLE revoked_access_tokens (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  jti text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, jti)
);
CREATE INDEX revoked_access_tokens_expires_idx ON revoked_access_tokens (expires_at);

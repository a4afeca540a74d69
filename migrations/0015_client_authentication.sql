-- Secrets that a client has beside the registered one, so that one can follow the other without a break; and the registered one
-- sealed, for clients that use it as a key (client_secret_jwt). Old processes know the registered one's MAC alone.
ALTER TABLE clients ADD COLUMN secret_sealed text, ADD COLUMN added_secrets jsonb NOT NULL DEFAULT '[]';

-- RFC 7523 3: the `jti` of client assertions, each good once, until they expire. A client that is made anew finds them still used.
CREATE TABLE client_assertions (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  client_id text NOT NULL,
  jti_hash bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, client_id, jti_hash)
);
CREATE INDEX client_assertions_expires_idx ON client_assertions (expires_at);

-- Creations at the admin API that carried an Idempotency-Key: who sends the same again gets the same reply, and nothing is
-- made twice. The reply, in which a secret may be, is sealed.
CREATE TABLE idempotent_requests (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  -- SHA-256 of who asked, what for, and the key.
  key_hash bytea NOT NULL,
  -- SHA-256 of what was sent.
  request_hash bytea NOT NULL,
  -- NULL until it was carried out.
  reply text,
  location text,
  began_at timestamptz NOT NULL,
  -- Until then the reply is given again.
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_hash)
);
CREATE INDEX idempotent_requests_expires_idx ON idempotent_requests (expires_at);

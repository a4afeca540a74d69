-- Token status lists: which bit says of each access token whether it was revoked, and which were. A bit is a number: the hour in
-- which its tokens expire (hours since 1970), times 2^28, plus its place among those of that hour.

-- Names all lists of a tenant, so that none of a database that was put back from a copy is ever served again as it was.
ALTER TABLE tenants ADD COLUMN status_generation text NOT NULL DEFAULT left(gen_random_uuid()::text, 8);

-- How many places of each hour are taken.
CREATE TABLE status_lists (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  hour integer NOT NULL,
  -- What is beyond would be a place of the next hour.
  taken integer NOT NULL CHECK (taken <= 268435456),
  PRIMARY KEY (hour, tenant_id)
);

-- Places that one process gives to the tokens of one client: whoever disables or deletes the client revokes them whole. The
-- client is not referred to, because blocks outlive it.
CREATE TABLE status_blocks (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  client_id text NOT NULL,
  hour integer NOT NULL,
  first integer NOT NULL,
  size integer NOT NULL,
  -- The other clients that its tokens came through (token exchange), whose end ends them as well.
  through text[] NOT NULL DEFAULT '{}',
  -- The transaction that revoked it, as in "changes"; null while it stands.
  revoked_position xid8,
  PRIMARY KEY (hour, tenant_id, first)
);
CREATE INDEX status_blocks_client_idx ON status_blocks (tenant_id, client_id, hour);
CREATE INDEX status_blocks_through_idx ON status_blocks (tenant_id, hour) WHERE through <> '{}';
CREATE INDEX status_blocks_revoked_idx ON status_blocks (tenant_id, revoked_position) WHERE revoked_position IS NOT NULL;

CREATE TABLE status_revocations (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  bit bigint NOT NULL,
  -- The transaction that revoked it, as in "changes".
  position xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (bit, tenant_id)
);
CREATE INDEX status_revocations_position_idx ON status_revocations (tenant_id, position);

-- The bits of a grant's access tokens, one for each hour in which some of them expire; and of each the version of the client for
-- which it was taken. Old processes give tokens without one: those end at APIs when they expire, as before.
ALTER TABLE grants ADD COLUMN status_bits bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE grants ADD COLUMN status_versions integer[] NOT NULL DEFAULT '{}';

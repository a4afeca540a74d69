-- Messages to people, written in the transaction of what they tell, and sent by whichever process comes first. What a message
-- says is sealed: it may hold a link that signs somebody in. It goes when the message was sent.
CREATE TABLE outbox (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  -- mail
  channel text NOT NULL,
  purpose text NOT NULL,
  -- The address. One that refuses is nobody else's trouble.
  destination text NOT NULL,
  user_id uuid,
  sealed text,
  -- waiting, sent, dead
  state text NOT NULL,
  attempts integer NOT NULL,
  next_at timestamptz NOT NULL,
  -- While a process sends it, until when nobody else does.
  sending_until timestamptz,
  -- What the last attempt ended with; null when none failed.
  problem text,
  created_at timestamptz NOT NULL,
  settled_at timestamptz,
  -- Later it helps nobody.
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX outbox_due_idx ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX outbox_dead_idx ON outbox (tenant_id, id) WHERE state = 'dead';
CREATE INDEX outbox_user_idx ON outbox (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX outbox_expires_idx ON outbox (expires_at);

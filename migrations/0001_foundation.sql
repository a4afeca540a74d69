-- Tenants, users, clients, keys, sessions, grants and tokens, audit, limits.
-- Times are parameters from the application's clock; ids are UUIDv7 made in the application.

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  -- Never changes: it stands in every token that was ever issued.
  issuer text NOT NULL UNIQUE,
  -- A host of its own (lower case, with the port unless it is the default), or null: found by path.
  host text UNIQUE CHECK (host ~ '^[a-z0-9.-]+(:[0-9]{1,5})?$'),
  name text NOT NULL,
  settings jsonb NOT NULL,
  -- One more with each change, as in every table that has it: what somebody read is what they change (RFC 9110 13.1.1).
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

-- What processes poll to drop what they hold in memory. The position is the writing transaction, so that a reader
-- who stops before the oldest running transaction skips none.
CREATE TABLE changes (
  position xid8 NOT NULL DEFAULT pg_current_xact_id(),
  tenant_id uuid NOT NULL,
  kind text NOT NULL,
  entity text NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE INDEX changes_position_idx ON changes (position);
CREATE INDEX changes_changed_at_idx ON changes (changed_at);

CREATE TABLE leases (
  name text PRIMARY KEY,
  holder uuid NOT NULL,
  expires_at timestamptz NOT NULL
);

-- Where a server last found these tables, in one row: elsewhere means that they were restored from a copy.
CREATE TABLE deployment (
  only_row boolean PRIMARY KEY CHECK (only_row),
  -- PostgreSQL's own identifier of the cluster; null when the user of the database may not read it.
  cluster text,
  database_oid bigint NOT NULL,
  since timestamptz NOT NULL
);

CREATE TABLE users (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  username text NOT NULL,
  -- What people may type for it: NFKC, lower case.
  username_key text NOT NULL,
  email text,
  email_key text,
  email_verified boolean NOT NULL,
  -- The other standard claims of OpenID Connect Core 5.1, by their names.
  claims jsonb NOT NULL,
  roles text[] NOT NULL,
  groups text[] NOT NULL,
  -- One more with each new password, not with a new hash of the same one: a sign-in that began before it gets no session.
  password_version integer NOT NULL,
  disabled_at timestamptz,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_username_idx ON users (tenant_id, username_key);
CREATE UNIQUE INDEX users_email_idx ON users (tenant_id, email_key);
CREATE INDEX users_roles_idx ON users USING gin (roles);

-- What a user can prove who they are with, one row each.
CREATE TABLE credentials (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('password', 'totp', 'recovery_code', 'passkey', 'key')),
  -- What the user calls it.
  name text,
  -- A hash where it is only compared (a password's PHC string), sealed with SECRET_KEY where it is read again.
  secret text NOT NULL,
  -- What else its kind needs: counters, algorithms, transports.
  data jsonb NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  last_used_at timestamptz,
  expires_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX credentials_one_password_idx ON credentials (tenant_id, user_id) WHERE kind = 'password';
CREATE INDEX credentials_user_idx ON credentials (tenant_id, user_id);

CREATE TABLE clients (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  -- RFC 7591 metadata by its names, and Signet's own policies.
  metadata jsonb NOT NULL,
  secret_mac text,
  disabled_at timestamptz,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

-- The origins of registered redirect URIs: who may read token responses across origins.
CREATE TABLE client_origins (
  tenant_id uuid NOT NULL,
  origin text NOT NULL,
  client_id text NOT NULL,
  PRIMARY KEY (tenant_id, origin, client_id),
  FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX client_origins_client_idx ON client_origins (tenant_id, client_id);

CREATE TABLE resources (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  identifier text NOT NULL,
  name text,
  -- [{"name": ..., "description": ...}]
  scopes jsonb NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, identifier)
);

CREATE TABLE signing_keys (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kid text NOT NULL,
  alg text NOT NULL CHECK (alg IN ('RS256', 'ES256')),
  state text NOT NULL CHECK (state IN ('next', 'active', 'retired', 'gone')),
  public_jwk jsonb NOT NULL,
  -- Sealed with SECRET_KEY; erased when the key retires.
  private_jwk_sealed text,
  created_at timestamptz NOT NULL,
  state_since timestamptz NOT NULL,
  -- When the next step of its life is due; null when it has none left.
  due_at timestamptz,
  PRIMARY KEY (tenant_id, kid)
);
CREATE UNIQUE INDEX signing_keys_one_active_idx ON signing_keys (tenant_id, alg) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_one_next_idx ON signing_keys (tenant_id, alg) WHERE state = 'next';
CREATE INDEX signing_keys_due_idx ON signing_keys (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE sessions (
  tenant_id uuid NOT NULL,
  -- The `sid` of ID tokens; never a credential.
  id uuid NOT NULL,
  -- SHA-256 of the cookie.
  secret_hash bytea NOT NULL,
  user_id uuid NOT NULL,
  authenticated_at timestamptz NOT NULL,
  amr text[] NOT NULL,
  acr text NOT NULL,
  mfa_method text,
  mfa_verified_at timestamptz,
  started_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  idle_expires_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_reason text,
  ip text,
  user_agent text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX sessions_secret_idx ON sessions (tenant_id, secret_hash);
CREATE INDEX sessions_user_idx ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

-- One visit on its way to being signed in: what was asked, who it is, what was proven.
CREATE TABLE sign_in_attempts (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  -- Whose it is: SHA-256 of the browser's cookie, or of what the holder of a partial token has. Both null until the first
  -- GET when the request came by a cross-site POST.
  browser_hash bytea,
  token_hash bytea CHECK (browser_hash IS NULL OR token_hash IS NULL),
  -- The validated authorization request; null when somebody came to sign in without one.
  request jsonb,
  client_id text,
  -- Who it turned out to be, and what they have proven: [{"method": ..., "at": milliseconds}].
  user_id uuid,
  proven jsonb NOT NULL,
  session_id uuid,
  authenticated_at timestamptz,
  -- The session that consented: another person's session in the same browser has not.
  consented_session_id uuid,
  -- The session whose person wants to sign in as somebody else.
  leaving_session_id uuid,
  finished_at timestamptz,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX sign_in_attempts_expires_idx ON sign_in_attempts (expires_at);
CREATE INDEX sign_in_attempts_client_idx ON sign_in_attempts (tenant_id, client_id);
CREATE INDEX sign_in_attempts_user_idx ON sign_in_attempts (tenant_id, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE consents (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  client_id text NOT NULL,
  -- What was allowed at one redirect URI says nothing about another.
  redirect_uri text NOT NULL,
  scopes text[] NOT NULL,
  resources text[] NOT NULL,
  granted_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, client_id, redirect_uri),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX consents_client_idx ON consents (tenant_id, client_id);

-- One authorization: the family of every token that descends from it.
CREATE TABLE grants (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  client_id text NOT NULL,
  -- Null where no person, or no browser's session, is behind it.
  user_id uuid,
  session_id uuid,
  scopes text[] NOT NULL,
  resources text[] NOT NULL,
  -- True: outlives its session (offline_access with consent).
  offline boolean NOT NULL,
  authenticated_at timestamptz NOT NULL,
  amr text[] NOT NULL,
  acr text NOT NULL,
  mfa_method text,
  mfa_verified_at timestamptz,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoke_reason text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 85);
CREATE INDEX grants_session_idx ON grants (tenant_id, session_id);
CREATE INDEX grants_user_idx ON grants (tenant_id, user_id, client_id);
-- In the order in which a client's grants are removed.
CREATE INDEX grants_client_idx ON grants (tenant_id, client_id, id);
CREATE INDEX grants_expires_idx ON grants (expires_at);

CREATE TABLE authorization_codes (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL,
  grant_id uuid NOT NULL,
  redirect_uri text NOT NULL,
  code_challenge text,
  nonce text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Spent codes stay as long as what they bought, so that a second use still finds it.
  spent_at timestamptz,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 90);
CREATE INDEX authorization_codes_grant_idx ON authorization_codes (tenant_id, grant_id);

-- Random keys from which the children of refresh tokens are derived, one for each ten minutes. Without its key nothing leads
-- from a token to its child, so each is deleted as soon as no repeat can need it.
CREATE TABLE rotation_keys (
  id uuid PRIMARY KEY,
  -- When its ten minutes begin.
  begins_at timestamptz NOT NULL UNIQUE,
  -- Sealed with SECRET_KEY.
  key_sealed text NOT NULL
);

CREATE TABLE refresh_tokens (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL,
  grant_id uuid NOT NULL,
  -- 1 for the first of its family. Unique: a token has at most one child.
  generation integer NOT NULL,
  created_at timestamptz NOT NULL,
  first_used_at timestamptz,
  rotated_at timestamptz,
  -- Who may have the reply again: SHA-256 over client, authentication, scope, resources.
  fingerprint bytea,
  -- The rotation key from which its child was derived, and where the rotation came from.
  rotation_key uuid,
  rotated_ip text,
  rotated_user_agent text,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX refresh_tokens_generation_idx ON refresh_tokens (tenant_id, grant_id, generation);

CREATE TABLE one_time_tokens (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL,
  hash bytea NOT NULL,
  -- Whom it is for, and what it is about; null where its kind says enough.
  user_id uuid,
  payload jsonb,
  -- How often somebody tried to guess what belongs to it.
  attempts integer NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (tenant_id, kind, hash),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX one_time_tokens_user_idx ON one_time_tokens (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX one_time_tokens_expires_idx ON one_time_tokens (expires_at);

CREATE TABLE limits (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  key text NOT NULL,
  attempts integer NOT NULL,
  next_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
) WITH (fillfactor = 70);
CREATE INDEX limits_expires_idx ON limits (expires_at);

-- One partition for each month (audit_events_2027_01), made ahead by the server, and one for whatever time no month is
-- there for, so that no clock makes an insert fail. What is too old is dropped by the month, never deleted by the row.
CREATE TABLE audit_events (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL,
  -- Who did it: a user or client by their id, an operator at a terminal, the server by itself, a visitor nobody knows.
  actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'client', 'operator', 'server', 'visitor')),
  actor_id text,
  user_id uuid,
  client_id text,
  session_id uuid,
  grant_id uuid,
  request_id text,
  ip text,
  data jsonb NOT NULL,
  PRIMARY KEY (tenant_id, at, id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_events_user_idx ON audit_events (tenant_id, user_id, at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_client_idx ON audit_events (tenant_id, client_id, at) WHERE client_id IS NOT NULL;
CREATE TABLE audit_events_other PARTITION OF audit_events DEFAULT;

-- Tenants, users, clients, keys, sessions, grants and tokens, audit, limits.
-- Times are parameters from the application's clock; ids are UUIDv7 made in the application.

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  -- Never changes: it stands in every token that was ever issued.
  issuer text NOT NULL UNIQUE,
  -- A host of its own (lower case, with the port unless it is the default), or null: found by path.
  host text UNIQUE,
  name text NOT NULL,
  settings jsonb NOT NULL,
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
  password_hash text,
  -- One more with each new password, not with a new hash of the same one.
  password_version integer NOT NULL,
  password_changed_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_username_idx ON users (tenant_id, username_key);
CREATE UNIQUE INDEX users_email_idx ON users (tenant_id, email_key);

CREATE TABLE clients (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  -- RFC 7591 metadata by its names, and Signet's own policies.
  metadata jsonb NOT NULL,
  secret_mac text,
  disabled_at timestamptz,
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
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, identifier)
);

CREATE TABLE signing_keys (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kid text NOT NULL,
  alg text NOT NULL,
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
);
CREATE UNIQUE INDEX sessions_secret_idx ON sessions (tenant_id, secret_hash);
CREATE INDEX sessions_user_idx ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

-- One visit of a browser on its way to being signed in: what was asked, what was proven.
CREATE TABLE sign_in_attempts (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  -- SHA-256 of the browser's cookie; null until the first GET when the request came by a cross-site POST.
  browser_hash bytea,
  -- The validated authorization request; null when somebody came to sign in without one.
  request jsonb,
  client_id text,
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
  FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sign_in_attempts_expires_idx ON sign_in_attempts (expires_at);

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

-- One authorization: the family of every token that descends from it.
CREATE TABLE grants (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  client_id text NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid NOT NULL,
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
);
CREATE INDEX grants_session_idx ON grants (tenant_id, session_id);
CREATE INDEX grants_user_idx ON grants (tenant_id, user_id, client_id);
CREATE INDEX grants_expires_idx ON grants (expires_at);

CREATE TABLE authorization_codes (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL,
  grant_id uuid NOT NULL,
  client_id text NOT NULL,
  redirect_uri text NOT NULL,
  code_challenge text,
  nonce text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Spent codes stay as long as what they bought, so that a second use still finds it.
  spent_at timestamptz,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX authorization_codes_grant_idx ON authorization_codes (tenant_id, grant_id);

CREATE TABLE refresh_tokens (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL,
  grant_id uuid NOT NULL,
  -- 1 for the first of its family. Unique: a token has at most one child.
  generation integer NOT NULL,
  created_at timestamptz NOT NULL,
  first_used_at timestamptz,
  rotated_at timestamptz,
  -- Who may have the reply again (SHA-256 over client, authentication, scope, resources), and the reply itself,
  -- sealed with a key derived from the token, of which only the hash is kept here.
  fingerprint bytea,
  sealed_reply bytea,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX refresh_tokens_generation_idx ON refresh_tokens (tenant_id, grant_id, generation);

CREATE TABLE one_time_tokens (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL,
  hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (tenant_id, kind, hash)
);
CREATE INDEX one_time_tokens_expires_idx ON one_time_tokens (expires_at);

CREATE TABLE limits (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  key text NOT NULL,
  attempts integer NOT NULL,
  next_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX limits_expires_idx ON limits (expires_at);

CREATE TABLE audit_events (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL,
  user_id uuid,
  client_id text,
  session_id uuid,
  grant_id uuid,
  request_id text,
  ip text,
  data jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_events_at_idx ON audit_events (tenant_id, at);

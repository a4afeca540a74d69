-- Accounts of programs, which sign in with keys.

-- A service account has no password and no browser session; a person has no key.
ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));

-- A key is found by its hash; one name leads to one key of an account.
CREATE UNIQUE INDEX credentials_key_idx ON credentials (tenant_id, secret) WHERE kind = 'key';
CREATE UNIQUE INDEX credentials_key_name_idx ON credentials (tenant_id, user_id, name) WHERE kind = 'key';

-- Lists of them do not read every person.
CREATE INDEX users_service_idx ON users (tenant_id, username_key) WHERE kind = 'service';

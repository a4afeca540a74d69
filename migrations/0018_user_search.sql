-- What administrators search people by, in the order of bytes: a prefix is a range of each index, whatever the database's own
-- order is. The id makes places unique.
CREATE INDEX users_by_username_idx ON users (tenant_id, kind, username_key COLLATE "C", id);
CREATE INDEX users_by_email_idx ON users (tenant_id, kind, email_key COLLATE "C", id) WHERE email_key IS NOT NULL;
CREATE INDEX users_by_name_idx ON users (tenant_id, kind, lower(claims->>'name') COLLATE "C", id) WHERE claims->>'name' IS NOT NULL;

-- What users and clients may do at the admin API, apart from the roles that applications are told. The role "admin" was the
-- only one that meant something to Signet; whoever has it becomes an owner. Old processes ask nobody for a second factor
-- because of it any more, and cannot be asked to administer anything.
ALTER TABLE users ADD COLUMN admin_roles text[] NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN admin_roles text[] NOT NULL DEFAULT '{}';

UPDATE users SET admin_roles = '{owner}', roles = array_remove(roles, 'admin'), version = version + 1
WHERE 'admin' = ANY (roles) AND kind = 'person';

CREATE INDEX users_admin_roles_idx ON users USING gin (admin_roles) WHERE admin_roles <> '{}';

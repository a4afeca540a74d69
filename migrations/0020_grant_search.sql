-- What administrators list of one user, newest first: a page costs what it shows, however many grants a service account has.
CREATE INDEX grants_by_user_idx ON grants (tenant_id, user_id, id);

-- OpenID Connect Core 1.0 5.5. The claims that an authorization request asked for by name, and the scopes whose consent covers them;
-- NULL: none. Old processes leave it empty: what was asked through them is not told.
ALTER TABLE grants ADD COLUMN claims jsonb;

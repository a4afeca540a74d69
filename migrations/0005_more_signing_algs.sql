-- Keys for PS256 and EdDSA (Ed25519), made for the tenants that have a client for them. Old processes leave keys of algorithms
-- that they do not know as they are, until a new one takes their next step.
ALTER TABLE signing_keys
  DROP CONSTRAINT signing_keys_alg_check,
  ADD CONSTRAINT signing_keys_alg_check CHECK (alg IN ('RS256', 'ES256', 'PS256', 'EdDSA'));

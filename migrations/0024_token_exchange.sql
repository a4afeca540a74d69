-- Token exchange (RFC 8693): the bits of the access tokens that other clients got in exchange for those of the grant, which end
-- with it: [{"client": …, "version": of that client, "bit": …}]. Old processes leave it as it is.
ALTER TABLE grants ADD COLUMN exchanged_bits jsonb NOT NULL DEFAULT '[]';
-- Whoever disables the client of the grants sets these bits too.
CREATE INDEX grants_exchanged_idx ON grants (tenant_id, client_id) WHERE exchanged_bits <> '[]';

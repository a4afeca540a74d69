-- Token exchange (RFC 8693): the bits of the access tokens that other clients got in exchange for those of the grant, which end
-- with it: [{"of": for whom and through whom, "bit": …}]. Old processes leave it as it is.
ALTER TABLE grants ADD COLUMN exchanged_bits jsonb NOT NULL DEFAULT '[]';

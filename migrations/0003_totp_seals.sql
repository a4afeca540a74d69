-- Which SECRET_KEY seals each TOTP secret, so that those of an older one are found without reading them all.
CREATE INDEX credentials_totp_seal_idx ON credentials (split_part(secret, '.', 1)) WHERE kind = 'totp';

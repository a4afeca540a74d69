-- Second factors whose codes are sent: to a telephone number, or to the e-mail address of the account. Old processes do not ask
-- for them: nobody adds one before all are new.
ALTER TABLE credentials
  DROP CONSTRAINT credentials_kind_check,
  ADD CONSTRAINT credentials_kind_check CHECK (kind IN ('password', 'totp', 'recovery_code', 'passkey', 'key', 'sms', 'email'));

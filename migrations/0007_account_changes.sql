-- What a person wants to end on their account page while they prove again who they are. Old processes lead back to the page itself.
ALTER TABLE sign_in_attempts ADD COLUMN account_change jsonb;

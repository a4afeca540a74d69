-- Codes that are mailed to sign in with: guesses of those who did not ask for the code are counted by themselves, so that they
-- do not spend the guesses of whoever did. Old processes make no such codes.
ALTER TABLE one_time_tokens ADD COLUMN stranger_attempts integer NOT NULL DEFAULT 0;

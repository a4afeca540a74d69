-- A password that somebody else knows ends at `change_by`, and must be changed at the sign-in before. That is said of one
-- version of the row: a process of an older Signet, which knows neither column, changes the password and with it the version.
ALTER TABLE credentials ADD COLUMN change_by timestamptz, ADD COLUMN change_version integer;

-- Whether a session's cookie outlives the browser: asked on the page of the password, and kept when the cookie changes. Old
-- processes write neither: their cookies end with the browser.
ALTER TABLE sign_in_attempts ADD COLUMN stay_signed_in boolean;
ALTER TABLE sessions ADD COLUMN persistent boolean NOT NULL DEFAULT false;

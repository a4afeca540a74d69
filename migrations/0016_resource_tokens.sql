-- What the tokens of a resource are: how long they live at most, what they are signed with, and their type. Old processes do not
-- look here: until all are new, such a resource gets tokens as before.
ALTER TABLE resources
  ADD COLUMN access_token_lifetime integer,
  ADD COLUMN access_token_signed_response_alg text,
  ADD COLUMN access_token_type text;

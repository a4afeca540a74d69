-- When the server last did by itself what it does each minute, in one row. Whoever comes with a clock far beyond it does not
-- delete what only that clock believes to have expired.
CREATE TABLE upkeep_rounds (
  only_row boolean PRIMARY KEY CHECK (only_row),
  last_at timestamptz NOT NULL,
  -- Until then nothing is deleted; null when nothing was held back yet.
  held_until timestamptz
);

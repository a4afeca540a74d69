// Fills the databases as if they had been used for a while: PostgreSQL plans by what tables hold, and empty ones mislead it.
import pg from 'pg';

const rowsOfEach = 10_000;

/** One statement each; `$1` is how many. Copies of rows that are there, with everything that must be unique made anew. */
const signet = [
  `CREATE TEMPORARY TABLE made AS
   SELECT n, gen_random_uuid() AS user_id, gen_random_uuid() AS session_id, gen_random_uuid() AS grant_id,
     sha256(n::text::bytea) AS hash
   FROM generate_series(1, $1::integer) AS n`,
  copies(
    'users',
    "'id', user_id, 'username', 'other' || n, 'username_key', 'other' || n, 'email', NULL, 'email_key', NULL",
  ),
  copies('sessions', "'id', session_id, 'user_id', user_id, 'secret_hash', hash"),
  copies('grants', "'id', grant_id, 'user_id', user_id, 'session_id', session_id"),
  copies('authorization_codes', "'hash', hash, 'grant_id', grant_id"),
  copies('refresh_tokens', "'hash', hash, 'grant_id', grant_id"),
  copies('sign_in_attempts', "'id', n::text", 'WHERE token_hash IS NULL'),
  copies(
    'sign_in_attempts',
    "'id', 'half' || n, 'user_id', user_id, 'token_hash', hash",
    'WHERE token_hash IS NOT NULL',
  ),
  // A right attempt leaves none behind, so that there is none to copy.
  `INSERT INTO limits (tenant_id, key, attempts, next_at, expires_at)
   SELECT tenants.id, 'password account other' || n, 1, now(), now() + interval '1 day' FROM made, tenants`,
  // One of each kind: a user has a few credentials among many.
  ...['password', 'totp', 'recovery_code'].map((kind) =>
    copies('credentials', "'id', gen_random_uuid(), 'user_id', user_id", `WHERE kind = '${kind}'`),
  ),
];

function copies(table: string, changes: string, which = ''): string {
  return `INSERT INTO ${table}
    SELECT (jsonb_populate_record(NULL::${table}, template.json || jsonb_build_object(${changes}))).*
    FROM made, (SELECT to_jsonb(t) AS json FROM ${table} AS t ${which} LIMIT 1) AS template`;
}

const peer = [
  `INSERT INTO accounts SELECT 'other' || n, claims
   FROM generate_series(1, $1::integer) AS n, (SELECT claims FROM accounts LIMIT 1) AS template`,
  `INSERT INTO payloads
   SELECT type, id || n, payload, grant_id || n, uid || n, user_code, expires_at, consumed_at
   FROM generate_series(1, $1::integer) AS n, (SELECT DISTINCT ON (type) * FROM payloads) AS template`,
];

/** Makes ten thousand of everything that requests look up, and lets PostgreSQL count them. */
export async function populate(connectionString: string, which: 'signet' | 'peer'): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const text of which === 'signet' ? signet : peer)
      await client.query(text, text.includes('$1') ? [rowsOfEach] : []);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

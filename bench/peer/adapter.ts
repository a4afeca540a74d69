// The peer's storage: one table, JSON payloads, prepared statements.
import pg from 'pg';

type Payload = Readonly<Record<string, unknown>>;
type Found = { payload: Payload; consumed_at: string | null };

const schema = `
  CREATE TABLE accounts (
    id text PRIMARY KEY,
    claims jsonb NOT NULL
  );
  CREATE TABLE payloads (
    type text NOT NULL,
    id text NOT NULL,
    payload jsonb NOT NULL,
    grant_id text,
    uid text,
    user_code text,
    expires_at timestamptz,
    consumed_at bigint,
    PRIMARY KEY (type, id)
  );
  CREATE INDEX ON payloads (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX ON payloads (type, uid) WHERE uid IS NOT NULL;
  CREATE INDEX ON payloads (type, user_code) WHERE user_code IS NOT NULL;
  CREATE INDEX ON payloads (expires_at) WHERE expires_at IS NOT NULL;`;

const read = 'SELECT payload, consumed_at FROM payloads WHERE type = $1 AND';

const texts = {
  upsert: `INSERT INTO payloads (type, id, payload, grant_id, uid, user_code, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (type, id) DO UPDATE SET payload = EXCLUDED.payload, grant_id = EXCLUDED.grant_id, uid = EXCLUDED.uid,
      user_code = EXCLUDED.user_code, expires_at = EXCLUDED.expires_at`,
  find: `${read} id = $2`,
  findByUid: `${read} uid = $2`,
  findByUserCode: `${read} user_code = $2`,
  consume: 'UPDATE payloads SET consumed_at = $3 WHERE type = $1 AND id = $2',
  destroy: 'DELETE FROM payloads WHERE type = $1 AND id = $2',
  revokeByGrantId: 'DELETE FROM payloads WHERE grant_id = $1',
  account: 'SELECT claims FROM accounts WHERE id = $1',
  addAccount: 'INSERT INTO accounts (id, claims) VALUES ($1, $2)',
} as const;

export type Storage = {
  /** What the provider asks for each kind of payload. */
  adapterFor(type: string): object;
  claimsOf(accountId: string): Promise<Payload | undefined>;
};

/** Makes the tables and the accounts, and opens as many connections as Signet has by default. */
export async function openStorage(
  connectionString: string,
  accounts: readonly { id: string; claims: Payload }[],
): Promise<Storage> {
  const pool = new pg.Pool({ connectionString, max: 10 });
  const run = async <R extends pg.QueryResultRow>(name: keyof typeof texts, values: unknown[]): Promise<R[]> =>
    (await pool.query<R>({ name, text: texts[name], values })).rows;
  await pool.query(schema);
  for (const { id, claims } of accounts) await run('addAccount', [id, claims]);

  const one = async (name: 'find' | 'findByUid' | 'findByUserCode', type: string, value: string) => {
    const [row] = await run<Found>(name, [type, value]);
    if (!row) return undefined;
    return row.consumed_at === null ? row.payload : { ...row.payload, consumed: Number(row.consumed_at) };
  };
  return {
    adapterFor: (type) => ({
      upsert: (id: string, payload: Payload, expiresIn?: number) =>
        run('upsert', [
          type,
          id,
          JSON.stringify(payload),
          payload['grantId'] ?? null,
          payload['uid'] ?? null,
          payload['userCode'] ?? null,
          expiresIn === undefined ? null : new Date(Date.now() + expiresIn * 1000),
        ]),
      find: (id: string) => one('find', type, id),
      findByUid: (uid: string) => one('findByUid', type, uid),
      findByUserCode: (userCode: string) => one('findByUserCode', type, userCode),
      consume: (id: string) => run('consume', [type, id, Math.floor(Date.now() / 1000)]),
      destroy: (id: string) => run('destroy', [type, id]),
      revokeByGrantId: (grantId: string) => run('revokeByGrantId', [grantId]),
    }),
    async claimsOf(accountId) {
      const [row] = await run<{ claims: Payload }>('account', [accountId]);
      return row?.claims;
    },
  };
}

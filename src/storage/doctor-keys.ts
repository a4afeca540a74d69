// Signing keys of all tenants that are not as their lives should have left them. For an examination, not for requests.
import { sql } from 'kysely';
import type { SigningAlg } from '../domain/client.ts';
import type { KeyState } from '../domain/key-life.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** Times in milliseconds. */
export type LateKey = {
  readonly tenant: string;
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly state: KeyState;
  readonly since: number;
};

// signing_keys_due_idx for the first condition; a sequential scan of few rows for the second.
const late = statement(
  { dueBefore: 'timestamptz', activeBefore: 'timestamptz' },
  (_q, p) =>
    sql<{ slug: string; kid: string; alg: string; state: string; state_since: number }>`
      SELECT t.slug, k.kid, k.alg, k.state, k.state_since
      FROM signing_keys k JOIN tenants t ON t.id = k.tenant_id
      WHERE k.due_at < ${p.dueBefore} OR (k.state = 'active' AND k.state_since < ${p.activeBefore})
      ORDER BY k.state_since, k.kid
      LIMIT 20`,
);

/** Up to 20 keys whose next step was due before `dueBefore`, or that have been active since before `activeBefore`. */
export async function lateKeys(db: Db, dueBefore: number, activeBefore: number): Promise<LateKey[]> {
  const rows = await late.all(db, { dueBefore, activeBefore });
  return rows.map(({ slug, state_since, ...row }) => ({
    tenant: slug,
    kid: row.kid,
    alg: row.alg as SigningAlg,
    state: row.state as KeyState,
    since: state_since,
  }));
}

// A sequential scan of clients, for an examination.
const unsigned = statement(
  { algs: 'text[]' },
  (_q, p) =>
    sql<{ slug: string; alg: string }>`
      SELECT t.slug, needed.alg
      FROM (
        SELECT id AS tenant_id, unnest(${p.algs}) AS alg FROM tenants
        UNION SELECT tenant_id, metadata ->> 'id_token_signed_response_alg' FROM clients
        UNION SELECT tenant_id, metadata ->> 'access_token_signed_response_alg' FROM clients
      ) needed JOIN tenants t ON t.id = needed.tenant_id
      WHERE needed.alg IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM signing_keys k WHERE k.tenant_id = t.id AND k.alg = needed.alg AND k.state = 'active')
      ORDER BY t.slug, needed.alg
      LIMIT 20`,
);

/** Up to 20 algorithms, `algs` and what clients are registered for, with which a tenant cannot sign: no key of theirs is active. */
export async function lackingKeys(db: Db, algs: readonly SigningAlg[]): Promise<{ tenant: string; alg: SigningAlg }[]> {
  return (await unsigned.all(db, { algs })).map(({ slug, alg }) => ({ tenant: slug, alg: alg as SigningAlg }));
}

// signing_keys_pkey
const sealedAfter = statement(
  { tenantId: 'uuid', kid: 'text' },
  (_q, p) =>
    sql<{ tenant_id: string; kid: string; private_jwk_sealed: string }>`
      SELECT tenant_id, kid, private_jwk_sealed FROM signing_keys
      WHERE (tenant_id, kid) > (${p.tenantId}, ${p.kid}) AND private_jwk_sealed IS NOT NULL
      ORDER BY tenant_id, kid
      LIMIT 500`,
);

/** A private key as it lies there; `sealedWith` is the id of the SECRET_KEY. */
export type StoredSeal = {
  readonly tenantId: string;
  readonly kid: string;
  readonly sealed: string;
  readonly sealedWith: string;
};

/** Every private key, of all tenants, a batch at a time. */
export async function* sealedKeys(db: Db): AsyncGenerator<StoredSeal> {
  let last = { tenant_id: '00000000-0000-0000-0000-000000000000', kid: '' };
  for (;;) {
    const rows = await sealedAfter.all(db, { tenantId: last.tenant_id, kid: last.kid });
    for (const { tenant_id: tenantId, kid, private_jwk_sealed: sealed } of rows)
      yield { tenantId, kid, sealed, sealedWith: sealed.split('.', 1)[0]! };
    if (rows.length < 500) return;
    last = rows.at(-1)!;
  }
}

const rotationSeals = statement(
  {},
  () =>
    sql<{ key: string; count: number }>`
      SELECT split_part(key_sealed, '.', 1) AS key, count(*)::int AS count FROM rotation_keys GROUP BY key`,
);

/** How many rotation keys each SECRET_KEY seals, by its id. */
export async function rotationKeysBySeal(db: Db): Promise<Map<string, number>> {
  return new Map((await rotationSeals.all(db, {})).map(({ key, count }) => [key, count]));
}

// credentials_totp_seal_idx
const totpSeals = statement(
  {},
  () =>
    sql<{ key: string; count: number }>`
      SELECT split_part(secret, '.', 1) AS key, count(*)::int AS count FROM credentials WHERE kind = 'totp' GROUP BY key ORDER BY key`,
);

/** How many TOTP secrets each SECRET_KEY seals, by its id. */
export async function totpSecretsBySeal(db: Db): Promise<Map<string, number>> {
  return new Map((await totpSeals.all(db, {})).map(({ key, count }) => [key, count]));
}

// A sequential scan of few rows, for an examination.
const messageSeals = statement(
  {},
  () =>
    sql<{ key: string; count: number }>`
      SELECT split_part(sealed, '.', 1) AS key, count(*)::int AS count FROM outbox WHERE sealed IS NOT NULL GROUP BY key`,
);

/** How many messages that wait, or could be tried again, each SECRET_KEY seals, by its id. */
export async function messagesBySeal(db: Db): Promise<Map<string, number>> {
  return new Map((await messageSeals.all(db, {})).map(({ key, count }) => [key, count]));
}

// A sequential scan, for an examination.
const madeWith = statement(
  {},
  () =>
    sql<{ key: string; count: number; examples: string[] }>`
      SELECT key, count(*)::int AS count,
        (array_agg(CASE t.slug WHEN 'default' THEN c.id ELSE c.id || ' of the tenant ' || t.slug END
          ORDER BY t.slug <> 'default', t.slug, c.id))[1:5] AS examples
      FROM clients c JOIN tenants t ON t.id = c.tenant_id
        CROSS JOIN LATERAL (
          SELECT split_part(c.secret_mac, '.', 1) AS key WHERE c.secret_mac IS NOT NULL
          UNION SELECT split_part(a->>'mac', '.', 1) FROM jsonb_array_elements(c.added_secrets) a) m
      GROUP BY key
      ORDER BY key`,
);

/** How many clients have a secret that was made with the SECRET_KEY of the id `key`, and up to five of them. */
export type SecretsOfKey = { readonly key: string; readonly count: number; readonly examples: readonly string[] };

/** The clients that have a secret, of all tenants, by the id of the SECRET_KEY without which it is not recognized. */
export function clientSecretsByKey(db: Db): Promise<SecretsOfKey[]> {
  return madeWith.all(db, {});
}

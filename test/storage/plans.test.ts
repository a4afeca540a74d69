// How PostgreSQL finds what is rare among much: by its index, and not by reading everybody's rows.
import { asPatient } from '../support/patient.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { deleteClient } from '../../src/flows/clients/delete.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import type { SentStatement } from '../../src/storage/database.ts';
import { openSetup } from '../../src/flows/setup.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const crowd = 100_000;

let signet: TestSignet;
const sent: SentStatement[] = [];
beforeAll(async () => {
  signet = await startSignet({ observe: (statement) => sent.push(statement) });
  const client = (client_id: string) => ({
    client_id,
    redirect_uris: [],
    grant_types: [],
    client_secret: 'x'.repeat(32),
  });
  await signet.provision({
    clients: [client('rare'), ...Array.from({ length: 10 }, (_, i) => client(`common-${i}`))],
    users: [{ username: 'one' }],
  });
  await query(
    signet.database.url,
    `INSERT INTO grants (tenant_id, id, client_id, user_id, scopes, resources, offline, authenticated_at, amr, acr, created_at, last_used_at, expires_at)
     SELECT u.tenant_id, gen_random_uuid(), CASE WHEN n <= 20 THEN 'rare' ELSE 'common-' || n % 10 END, u.id, '{}', '{}', true, now(), '{}', '', now(), now(), now() + interval '1 day'
     FROM users u, generate_series(1, ${crowd}) AS n`,
  );
  await query(
    signet.database.url,
    `INSERT INTO users (tenant_id, id, username, username_key, email_verified, claims, roles, groups, password_version, version, created_at, updated_at)
     SELECT u.tenant_id, gen_random_uuid(), 'user-' || n, 'user-' || n, false, '{}', '{member}', '{}', 1, 1, now(), now()
     FROM users u, generate_series(1, ${crowd / 4}) AS n WHERE u.username = 'one'`,
  );
  await query(signet.database.url, 'ANALYZE grants');
  await query(signet.database.url, 'ANALYZE users');
}, 120_000);
afterAll(() => signet.stop());

type Plan = { readonly Plans?: readonly Plan[]; readonly [part: string]: unknown };

/** Rows that were looked at and did not fit, over all of a plan; and whether a table was read from end to end. */
async function cost({ text, values }: SentStatement): Promise<{ wasted: number; scans: string[] }> {
  const explain = `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`;
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(signet.database.url, explain, values as unknown[]);
  const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];
  const nodes = all(row!['QUERY PLAN'][0].Plan);
  return {
    wasted: nodes.reduce((sum, node) => sum + Number(node['Rows Removed by Filter'] ?? 0), 0),
    scans: nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => String(node['Relation Name'])),
  };
}

const contextOf = async () =>
  contextWithoutRequest(signet.server.deps, (await tenantBySlug(signet.server.deps, 'default'))!, signet.clock.now);

test(`deleting a client among ${crowd} grants of others reads its own rows only`, async () => {
  sent.length = 0;
  const { grants } = await deleteClient(asPatient(signet.server.deps), await contextOf(), 'rare');
  expect(grants).toBe(20);
  const removals = sent.filter(({ text }) => /DELETE FROM grants|delete from "clients"/.test(text));
  expect(removals.length).toBeGreaterThanOrEqual(2);
  for (const removal of removals) expect(await cost(removal), removal.text).toEqual({ wasted: 0, scans: [] });
  // What the foreign keys ask for each client that goes, as PostgreSQL words it.
  const [{ id }] = (await query(signet.database.url, 'SELECT id FROM tenants')) as [{ id: string }];
  for (const table of ['grants', 'consents', 'sign_in_attempts', 'client_origins']) {
    const text = `DELETE FROM ONLY ${table} WHERE $1 = tenant_id AND $2 = client_id`;
    const { wasted, scans } = await cost({ text, name: undefined, values: [id, 'rare'] });
    // A table that is nearly empty is read as a whole, index or not.
    expect([table, wasted, table === 'grants' ? scans : []]).toEqual([table, 0, []]);
  }
});

test(`whether somebody has a role is known without reading ${crowd / 4} users`, async () => {
  sent.length = 0;
  await openSetup(signet.server.deps, await contextOf());
  const asked = sent.find(({ text }) => /roles" @>/.test(text));
  expect(await cost(asked!)).toEqual({ wasted: 0, scans: [] });
});

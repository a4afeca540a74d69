// Removals of tenants from statements and checks.
import type { Mutant } from './mutant.ts';

const test = 'test/repo/tenants.test.ts';

export const tenantMutants: readonly Mutant[] = [
  {
    name: 'attempts of every tenant are found',
    file: 'src/storage/sign-in-attempts.ts',
    remove: `    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('browser_hash', '=', p.hash)`,
    insert: `    .where('id', '=', p.id)
    .where('browser_hash', '=', p.hash)`,
    test,
  },
  {
    name: 'clients of every tenant are found',
    file: 'src/storage/clients.ts',
    remove: `.select(clientColumns).where('tenant_id', '=', p.tenantId).where('id', '=', p.id),
);

export async function findClient(`,
    insert: `.select(clientColumns).where('id', '=', p.id),
);

export async function findClient(`,
    test,
  },
  {
    name: 'sessions of every tenant are found',
    file: 'src/storage/sessions.ts',
    remove: `.where('s.tenant_id', '=', p.tenantId)`,
    insert: '',
    test,
  },
  {
    name: 'codes of every tenant are found',
    file: 'src/storage/authorization-codes.ts',
    remove: `.where('a.tenant_id', '=', p.tenantId)`,
    insert: '',
    test,
  },
  {
    name: 'refresh tokens of every tenant are found',
    file: 'src/storage/refresh-tokens.ts',
    remove: `.where('t.tenant_id', '=', p.tenantId)`,
    insert: '',
    test,
  },
  {
    name: 'grants of every tenant are found',
    file: 'src/storage/access-tokens.ts',
    remove: `.where('g.tenant_id', '=', p.tenantId)`,
    insert: '',
    test,
  },
];

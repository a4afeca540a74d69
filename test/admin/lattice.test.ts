// Who may do what at the admin API: each operation, each kind of administrator, and objects of lower, equal and higher rank.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '../../src/http/admin/operations.ts';
import {
  adminConsole,
  administer,
  administratorNamed,
  programs,
  programToken,
  tokenOf,
  whatever,
} from '../support/admin.ts';
import { createAgent } from '../support/agent.ts';
import { claimsOf, codeFlow, ownClient, tokenRequest, type Tokens, webClient, world } from '../support/flow.ts';
import { mailBy, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const readsAll = [
  'admin:users:read',
  'admin:service-accounts:read',
  'admin:clients:read',
  'admin:resources:read',
  'admin:roles:read',
  'admin:sessions:read',
  'admin:grants:read',
  'admin:signing-keys:read',
  'admin:settings:read',
  'admin:audit-events:read',
];
const everything = [
  ...readsAll,
  'admin:users:write',
  'admin:service-accounts:write',
  'admin:clients:write',
  'admin:resources:write',
  'admin:roles:write',
  'admin:sessions:write',
  'admin:grants:write',
  'admin:tokens:write',
  'admin:signing-keys:write',
  'admin:settings:write',
  'admin:tenants:read',
  'admin:tenants:write',
];

/** What each role allows, written out a second time: the code is compared with it. */
const rights: Readonly<Record<string, readonly string[]>> = {
  nobody: [],
  auditor: readsAll,
  user_manager: [
    'admin:users:read',
    'admin:users:write',
    'admin:sessions:read',
    'admin:sessions:write',
    'admin:grants:read',
    'admin:grants:write',
  ],
  administrator: [
    ...readsAll,
    'admin:users:write',
    'admin:service-accounts:write',
    'admin:clients:write',
    'admin:resources:write',
    'admin:sessions:write',
    'admin:grants:write',
    'admin:tokens:write',
  ],
  owner: everything,
  desk: ['admin:users:write'],
  clerk: ['admin:clients:write'],
  role_maker: ['admin:roles:write'],
};
const rolesOfOwn = ['desk', 'clerk', 'role_maker'];
const ranks = ['nobody', 'auditor', 'user_manager', 'administrator', 'owner', 'desk'];
const rolesOf = (rank: string) => (rank === 'nobody' ? [] : [rank]);

/** Nobody reaches what they do not hold; what writes something includes reading it. */
const covers = (held: readonly string[], needed: readonly string[]) =>
  needed.every((scope) => held.includes(scope) || held.includes(scope.replace(/:read$/, ':write')));

type Actor = { readonly name: string; readonly holds: readonly string[]; readonly token: string };
type Sent = {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};
type Case = {
  readonly what: string;
  /** What whoever asks must hold beside the scope of the operation. */
  readonly needs?: readonly string[];
  /** It is of another tenant: not there. */
  readonly isForeign?: true;
  /** With something fresh, each time. */
  readonly send: () => Sent | Promise<Sent>;
};

let signet: TestSignet;
let smtp: TestSmtp;
let db: pg.Client;
let actors: readonly Actor[];
const tenants: Record<string, string> = {};
/** Tokens of a person of each rank, of a grant each. */
const issued: Record<string, Tokens[]> = {};

const here = 'default';
const there = 'acme';
const program = (client_id: string, admin_roles: string[]) => ({ ...programs[0]!, client_id, admin_roles });
const template = { ...program('template', []), redirect_uris: ['https://template.example/cb'] };
const keys = { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })] };

beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
  db = new pg.Client({ connectionString: signet.database.url });
  await db.connect();
  const common = {
    resources: [{ identifier: 'https://orders.example', scopes: ['orders:read'] }],
    service_accounts: [{ username: 'robot' }],
    settings: { admin_roles: Object.fromEntries(rolesOfOwn.map((name) => [name, { scopes: rights[name] as never }])) },
  };
  await signet.provision(common);
  const victims = ranks.map((rank) => program(`victim-${rank}`, rolesOf(rank)));
  const ofOwn = rolesOfOwn.map((name) => program(`program-${name}`, [name]));
  await signet.provision({
    clients: [...programs, adminConsole, template, ...victims, ...ofOwn, program('former', ['owner'])],
    users: ranks.map((rank) => ({ username: `victim-${rank}`, password: `the long password of ${rank}` })),
  });
  await signet.provision({ ...world, ...common, tenant: there });
  await signet.provision({ tenant: there, clients: [template, program('foreign-owner', ['owner'])] });
  const rows = await db.query<{ id: string; slug: string }>('SELECT id, slug FROM tenants');
  for (const { id, slug } of rows.rows) tenants[slug] = id;
  const former = await tokenOf(signet, program('former', ['owner']));
  await signet.provision({ clients: [program('former', [])] });
  const asProgram = async (role: string) => ({
    name: `the program ${role}`,
    holds: rights[role]!,
    token: rolesOfOwn.includes(role)
      ? await tokenOf(signet, program(`program-${role}`, []))
      : await programToken(signet, role),
  });
  const asPerson = async (role: string) => ({
    name: `the person ${role}`,
    holds: rights[role]!,
    token: (await administratorNamed(signet, `person-${role}`, rolesOf(role))).token,
  });
  const two = ['admin:users:write', 'admin:clients:write'];
  actors = [
    ...(await Promise.all(['owner', 'administrator', 'user_manager', 'auditor', ...rolesOfOwn].map(asProgram))),
    { name: 'a program without a role any more', holds: [], token: former },
    { name: 'an owner with two scopes', holds: two, token: await programToken(signet, 'owner', two.join(' ')) },
    await asPerson('owner'),
    await asPerson('administrator'),
    await asPerson('nobody'),
  ];
  await Promise.all(
    ranks.map(async (rank) => {
      const agent = createAgent();
      const user = { username: `victim-${rank}`, password: `the long password of ${rank}` };
      issued[rank] = [];
      for (let i = 0; i < 10; i += 1) {
        const { tokens } = await codeFlow(signet, ownClient, {
          agent,
          user,
          change: { scope: 'openid offline_access' },
        });
        issued[rank].push(tokens);
      }
    }),
  );
  for (const rank of ranks)
    await db.query('UPDATE users SET admin_roles = $1 WHERE username = $2', [rolesOf(rank), `victim-${rank}`]);
}, 60_000);
afterAll(async () => {
  await db?.end();
  await signet?.stop();
  await smtp?.close();
});

const fresh = (prefix: string) => `${prefix}-${randomBytes(6).toString('hex')}`;

async function user(rank: string, tenant = here, kind = 'person'): Promise<string> {
  const [id, name] = [randomUUID(), fresh(rank)];
  const email = kind === 'person' ? `${name}@example.com` : null;
  await db.query(
    `INSERT INTO users (tenant_id, id, kind, username, username_key, email, email_key, email_verified, claims, roles, groups,
       admin_roles, password_version, version, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $4, $5, $5, $6, '{}', '{reader}', '{}', $7, 1, 1, now(), now())`,
    [tenants[tenant], id, kind, name, email, kind === 'person', rolesOf(rank)],
  );
  return id;
}

async function service(tenant = here): Promise<string> {
  const id = await user('nobody', tenant, 'service');
  await db.query(
    `INSERT INTO credentials (tenant_id, id, user_id, kind, name, secret, data, version, created_at, updated_at)
     VALUES ($1, $2, $3, 'key', 'first', $4, '{}', 1, now(), now())`,
    [tenants[tenant], randomUUID(), id, randomBytes(32).toString('base64url')],
  );
  return id;
}

async function client(adminRoles: readonly string[] = [], metadata: object = {}, tenant = here): Promise<string> {
  const id = fresh('client');
  await db.query(
    `INSERT INTO clients (tenant_id, id, metadata, secret_mac, secret_sealed, added_secrets, admin_roles, version, created_at, updated_at)
     SELECT tenant_id, $2, metadata || $3, secret_mac, secret_sealed, added_secrets, $4, 1, now(), now()
     FROM clients WHERE tenant_id = $1 AND id = 'template'`,
    [tenants[tenant], id, JSON.stringify(metadata), adminRoles],
  );
  return id;
}

async function session(userId: string, tenant = here): Promise<string> {
  const id = randomUUID();
  await db.query(
    `INSERT INTO sessions (tenant_id, id, secret_hash, user_id, authenticated_at, amr, acr, started_at, last_seen_at, idle_expires_at, expires_at)
     VALUES ($1, $2, $3, $4, now(), '{pwd}', '', now(), now(), now() + interval '1 day', now() + interval '1 day')`,
    [tenants[tenant], id, randomBytes(32), userId],
  );
  return id;
}

async function grant(userId: string | null, clientId: string, tenant = here): Promise<string> {
  const id = randomUUID();
  await db.query(
    `INSERT INTO grants (tenant_id, id, client_id, user_id, scopes, resources, offline, authenticated_at, amr, acr, created_at, last_used_at, expires_at)
     VALUES ($1, $2, $3, $4, '{}', '{}', true, now(), '{}', '', now(), now(), now() + interval '1 day')`,
    [tenants[tenant], id, clientId, userId],
  );
  return id;
}

async function withFactor(rank: string, tenant = here): Promise<{ user: string; factor: string }> {
  const [of, factor] = [await user(rank, tenant), randomUUID()];
  await db.query(
    `INSERT INTO credentials (tenant_id, id, user_id, kind, name, secret, data, version, created_at, updated_at)
     SELECT $1, $2, $3, kind, name, secret, data, 1, now(), now() FROM credentials WHERE kind = 'totp' LIMIT 1`,
    [tenants[tenant], factor, of],
  );
  return { user: of, factor };
}

/** The person. */
async function consent(rank: string, tenant = here): Promise<string> {
  const id = await user(rank, tenant);
  await db.query(
    `INSERT INTO consents (tenant_id, user_id, client_id, redirect_uri, scopes, resources, granted_at)
     VALUES ($1, $2, 'web', $3, '{openid}', '{}', now())`,
    [tenants[tenant], id, webClient.redirect_uris[0]],
  );
  return id;
}

async function role(scopes: readonly string[], tenant = here): Promise<string> {
  const name = fresh('role');
  await db.query(`UPDATE tenants SET settings = jsonb_set(settings, ARRAY['admin_roles', $2], $3) WHERE id = $1`, [
    tenants[tenant],
    name,
    JSON.stringify({ scopes }),
  ]);
  return name;
}

async function resource(tenant = here): Promise<string> {
  const identifier = `https://${fresh('api')}.example`;
  await db.query(
    `INSERT INTO resources (tenant_id, identifier, scopes, version, created_at, updated_at) VALUES ($1, $2, '[]', 1, now(), now())`,
    [tenants[tenant], identifier],
  );
  return encodeURIComponent(identifier);
}

/** One that signs no more. */
async function signingKey(tenant = here): Promise<string> {
  const kid = fresh('key');
  await db.query(
    `INSERT INTO signing_keys (tenant_id, kid, alg, state, public_jwk, created_at, state_since)
     SELECT tenant_id, $2, alg, 'retired', public_jwk || jsonb_build_object('kid', $2::text), now(), now()
     FROM signing_keys WHERE tenant_id = $1 AND alg = 'ES256' LIMIT 1`,
    [tenants[tenant], kid],
  );
  return kid;
}

const plain = (what: string, send: Case['send']): Case => ({ what, send });
const foreign = (send: Case['send']): Case => ({ what: 'of another tenant', isForeign: true, send });
const ofRanks = (what: string, send: (rank: string) => ReturnType<Case['send']>): Case[] =>
  ranks.map((rank) => ({ what: `${what} ${rank}`, needs: rights[rank]!, send: () => send(rank) }));

/** Clients, by what can be got at through them. */
const strengths: readonly { what: string; needs: readonly string[]; roles: string[]; metadata: object }[] = [
  ...ranks.map((rank) => ({
    what: `a program with ${rank}`,
    needs: rights[rank]!,
    roles: rolesOf(rank),
    metadata: {},
  })),
  {
    what: 'a client for tokens that change settings',
    needs: ['admin:settings:write'],
    roles: [],
    metadata: { scope: 'openid admin:settings:write' },
  },
  {
    what: 'a client for tokens that change people',
    needs: ['admin:users:write'],
    roles: [],
    metadata: { scope: 'openid admin:users:write' },
  },
  { what: 'the tenant’s own client', needs: everything, roles: [], metadata: { first_party: true } },
];
const ofStrengths = (what: string, send: (id: string) => Sent): Case[] =>
  strengths.map((one) => ({
    what: `${what} of ${one.what}`,
    needs: one.needs,
    send: async () => send(await client(one.roles, one.metadata)),
  }));

const patchesOfUser: Readonly<Record<string, () => object>> = {
  'the e-mail address': () => ({ email: `${fresh('mine')}@example.com` }),
  disabling: () => ({ disabled: true }),
  'taking the roles': () => ({ admin_roles: [] }),
  'the name': () => ({ name: 'Another' }),
};

const patchesOfClient: Readonly<Record<string, object>> = {
  redirect_uris: { redirect_uris: ['https://evil.example/cb'] },
  jwks: { jwks: keys, token_endpoint_auth_method: 'private_key_jwt' },
  jwks_uri: { jwks_uri: 'https://evil.example/jwks', token_endpoint_auth_method: 'private_key_jwt' },
  serves: { serves: ['https://orders.example'] },
  'less of everything': { admin_roles: [], scope: 'openid', first_party: false },
  disabling: { disabled: true },
};

const id = (tenant?: string) => user('nobody', tenant);
const below = async (path: string, of: Promise<string> | string, more = '') => ({ path: `${path}/${await of}${more}` });
const patch = async (path: string, of: Promise<string> | string, body: unknown) => ({
  path: `${path}/${await of}`,
  body,
  headers: whatever,
});
const remove = async (path: string, of: Promise<string> | string) => ({
  path: `${path}/${await of}`,
  headers: whatever,
});
const sessionOf = async (rank: string, tenant?: string) => session(await user(rank, tenant), tenant);
const grantOf = async (rank: string, tenant?: string) => grant(await user(rank, tenant), 'web', tenant);
const revoke = (body: object) => ({ path: '/tokens/revoke', body });

const cases: Readonly<Record<string, readonly Case[]>> = {
  'GET /users': [plain('all', () => ({ path: '/users' }))],
  'POST /users': ofRanks('with the role', (rank) => ({
    path: '/users',
    body: { username: fresh('made'), admin_roles: rolesOf(rank) },
  })),
  'GET /users/{id}': [
    plain('anybody', () => below('/users', user('owner'))),
    foreign(() => below('/users', user('nobody', there))),
  ],
  'PATCH /users/{id}': [
    ...Object.entries(patchesOfUser).flatMap(([what, body]) =>
      ofRanks(`${what} of somebody with`, (rank) => patch('/users', user(rank), body())),
    ),
    ...ofRanks('giving anybody', (rank) => patch('/users', id(), { admin_roles: rolesOf(rank) })),
    foreign(() => patch('/users', user('nobody', there), { name: 'Another' })),
  ],
  'POST /users/{id}/password': [
    ...[{ password: 'a bridge over the quiet river' }, { generate: true }, { send_link: true }].flatMap((body) =>
      ofRanks(`${Object.keys(body)[0]} for somebody with`, async (rank) => ({
        path: `/users/${await user(rank)}/password`,
        body,
      })),
    ),
    foreign(async () => ({ path: `/users/${await user('nobody', there)}/password`, body: { generate: true } })),
  ],
  'DELETE /users/{id}': [
    ...ofRanks('somebody with', (rank) => remove('/users', user(rank))),
    foreign(() => remove('/users', user('nobody', there))),
  ],
  'GET /users/{id}/credentials': [
    plain('anybody’s', () => below('/users', user('owner'), '/credentials')),
    foreign(() => below('/users', user('nobody', there), '/credentials')),
  ],
  'DELETE /users/{id}/credentials': [
    ...ofRanks('of somebody with', async (rank) => below('/users', (await withFactor(rank)).user, '/credentials')),
    foreign(async () => below('/users', (await withFactor('nobody', there)).user, '/credentials')),
  ],
  'DELETE /users/{id}/credentials/{credential_id}': [
    ...ofRanks('of somebody with', async (rank) => {
      const { user: of, factor } = await withFactor(rank);
      return below('/users', of, `/credentials/${factor}`);
    }),
    foreign(async () => {
      const { user: of, factor } = await withFactor('nobody', there);
      return below('/users', of, `/credentials/${factor}`);
    }),
  ],
  'GET /service-accounts': [plain('all', () => ({ path: '/service-accounts' }))],
  'POST /service-accounts': [plain('one', () => ({ path: '/service-accounts', body: { username: fresh('made') } }))],
  'GET /service-accounts/{id}': [
    plain('one', () => below('/service-accounts', service())),
    foreign(() => below('/service-accounts', service(there))),
  ],
  'PATCH /service-accounts/{id}': [
    plain('one', () => patch('/service-accounts', service(), { roles: ['editor'] })),
    foreign(() => patch('/service-accounts', service(there), { disabled: true })),
  ],
  'DELETE /service-accounts/{id}': [
    plain('one', () => remove('/service-accounts', service())),
    foreign(() => remove('/service-accounts', service(there))),
  ],
  'GET /service-accounts/{id}/keys': [
    plain('of one', () => below('/service-accounts', service(), '/keys')),
    foreign(() => below('/service-accounts', service(there), '/keys')),
  ],
  'POST /service-accounts/{id}/keys': [
    plain('for one', async () => ({ path: `/service-accounts/${await service()}/keys`, body: { name: 'second' } })),
    foreign(async () => ({ path: `/service-accounts/${await service(there)}/keys`, body: { name: 'second' } })),
  ],
  'DELETE /service-accounts/{id}/keys/{name}': [
    plain('of one', () => below('/service-accounts', service(), '/keys/first')),
    foreign(() => below('/service-accounts', service(there), '/keys/first')),
  ],
  'GET /clients': [plain('all', () => ({ path: '/clients' }))],
  'POST /clients': strengths.map(({ what, needs, roles, metadata }) => {
    const { client_id: _id, client_secret: _secret, ...rest } = template;
    return { what, needs, send: () => ({ path: '/clients', body: { ...rest, admin_roles: roles, ...metadata } }) };
  }),
  'GET /clients/{client_id}': [
    plain('any', () => below('/clients', client(['owner']))),
    foreign(() => below('/clients', client([], {}, there))),
  ],
  'PATCH /clients/{client_id}': [
    ...Object.entries(patchesOfClient).flatMap(([what, body]) =>
      ofStrengths(what, (of) => ({ path: `/clients/${of}`, body, headers: whatever })),
    ),
    ...strengths.map(({ what, needs, roles, metadata }) => ({
      what: `into ${what}`,
      needs,
      send: () => patch('/clients', client(), { ...metadata, admin_roles: roles }),
    })),
    foreign(() => patch('/clients', client([], {}, there), { client_name: 'Another' })),
  ],
  'DELETE /clients/{client_id}': [
    ...ofStrengths('all', (of) => ({ path: `/clients/${of}`, headers: whatever })),
    foreign(() => remove('/clients', client([], {}, there))),
  ],
  'GET /clients/{client_id}/secrets': [
    plain('of any', () => below('/clients', client(['owner']), '/secrets')),
    foreign(() => below('/clients', client([], {}, there), '/secrets')),
  ],
  'POST /clients/{client_id}/secrets': [
    ...ofStrengths('one more', (of) => ({ path: `/clients/${of}/secrets`, body: {} })),
    foreign(async () => ({ path: `/clients/${await client([], {}, there)}/secrets`, body: {} })),
  ],
  'DELETE /clients/{client_id}/secrets/{secret_id}': [
    ...ofStrengths('the one', (of) => ({ path: `/clients/${of}/secrets/registered` })),
    foreign(() => below('/clients', client([], {}, there), '/secrets/registered')),
  ],
  'GET /resources': [plain('all', () => ({ path: '/resources' }))],
  'POST /resources': [
    plain('one', () => ({ path: '/resources', body: { identifier: `https://${fresh('made')}.example` } })),
  ],
  'GET /resources/{identifier}': [
    plain('one', () => below('/resources', resource())),
    foreign(() => below('/resources', resource(there))),
  ],
  'PATCH /resources/{identifier}': [
    plain('one', () => patch('/resources', resource(), { name: 'Another' })),
    foreign(() => patch('/resources', resource(there), { name: 'Another' })),
  ],
  'DELETE /resources/{identifier}': [
    plain('one', () => remove('/resources', resource())),
    foreign(() => remove('/resources', resource(there))),
  ],
  'GET /roles': [plain('all', () => ({ path: '/roles' }))],
  'POST /roles': [
    ...ofRanks('one like', (rank) => ({ path: '/roles', body: { name: fresh('made'), scopes: rights[rank] } })),
    {
      what: 'one that reads what its maker writes',
      needs: ['admin:roles:read'],
      send: () => ({ path: '/roles', body: { name: fresh('made'), scopes: ['admin:roles:read'] } }),
    },
  ],
  'GET /roles/{name}': [
    plain('any', () => below('/roles', role(everything))),
    foreign(() => below('/roles', role([], there))),
  ],
  'PATCH /roles/{name}': [
    ...ofRanks('widening one to', (rank) => patch('/roles', role([]), { scopes: rights[rank] })),
    ...ofRanks('narrowing one that is like', (rank) => patch('/roles', role(rights[rank]!), { scopes: [] })),
    foreign(() => patch('/roles', role([], there), { description: 'Another' })),
  ],
  'DELETE /roles/{name}': [
    ...ofRanks('one like', (rank) => remove('/roles', role(rights[rank]!))),
    foreign(() => remove('/roles', role([], there))),
  ],
  'GET /settings': [plain('those in force', () => ({ path: '/settings' }))],
  'PATCH /settings': [plain('one', () => ({ path: '/settings', body: { name: fresh('Name') }, headers: whatever }))],
  'GET /signing-keys': [plain('all', () => ({ path: '/signing-keys' }))],
  'GET /signing-keys/{kid}': [
    plain('one', () => below('/signing-keys', signingKey())),
    foreign(() => below('/signing-keys', signingKey(there))),
  ],
  'POST /signing-keys/rotate': [
    plain('at once', () => ({ path: '/signing-keys/rotate', body: { alg: 'ES256', now: true } })),
  ],
  'DELETE /signing-keys/{kid}': [
    plain('one', () => remove('/signing-keys', signingKey())),
    foreign(() => remove('/signing-keys', signingKey(there))),
  ],
  'GET /tenants': [plain('all', () => ({ path: '/tenants' }))],
  'POST /tenants': [plain('one', () => ({ path: '/tenants', body: { slug: fresh('made') } }))],
  'GET /tenants/{tenant}': [plain('another', () => ({ path: `/tenants/${there}` }))],
  'GET /audit-events': [plain('all', () => ({ path: '/audit-events' }))],
  'GET /audit-events/export': [plain('all', () => ({ path: '/audit-events/export?type=tenant.created' }))],
  'GET /sessions': [plain('all', () => ({ path: '/sessions' }))],
  'GET /sessions/{id}': [
    plain('anybody’s', () => below('/sessions', sessionOf('owner'))),
    foreign(() => below('/sessions', sessionOf('nobody', there))),
  ],
  'DELETE /sessions/{id}': [
    ...ofRanks('of somebody with', (rank) => remove('/sessions', sessionOf(rank))),
    foreign(() => remove('/sessions', sessionOf('nobody', there))),
  ],
  'GET /users/{id}/sessions': [
    plain('anybody’s', () => below('/users', user('owner'), '/sessions')),
    foreign(() => below('/users', user('nobody', there), '/sessions')),
  ],
  'DELETE /users/{id}/sessions': [
    ...ofRanks('of somebody with', async (rank) => {
      const of = await user(rank);
      await session(of);
      return below('/users', of, '/sessions');
    }),
    foreign(async () => {
      const of = await user('nobody', there);
      await session(of, there);
      return below('/users', of, '/sessions');
    }),
  ],
  'GET /grants': [plain('all', () => ({ path: '/grants' }))],
  'GET /grants/{id}': [
    plain('anybody’s', () => below('/grants', grantOf('owner'))),
    foreign(() => below('/grants', grantOf('nobody', there))),
  ],
  'DELETE /grants/{id}': [
    ...ofRanks('of somebody with', (rank) => remove('/grants', grantOf(rank))),
    ...strengths.map(({ what, needs, roles, metadata }) => ({
      what: `of nobody, at ${what}`,
      needs,
      send: async () => remove('/grants', grant(null, await client(roles, metadata))),
    })),
    foreign(() => remove('/grants', grantOf('nobody', there))),
  ],
  'GET /users/{id}/grants': [
    plain('anybody’s', () => below('/users', user('owner'), '/grants')),
    foreign(() => below('/users', user('nobody', there), '/grants')),
  ],
  'GET /users/{id}/consents': [
    plain('anybody’s', () => below('/users', consent('owner'), '/consents')),
    foreign(() => below('/users', consent('nobody', there), '/consents')),
  ],
  'DELETE /users/{id}/consents/{client_id}': [
    ...ofRanks('of somebody with', (rank) => below('/users', consent(rank), '/consents/web')),
    foreign(() => below('/users', consent('nobody', there), '/consents/web')),
  ],
  'POST /tokens/revoke': [
    ...ofRanks('the access token of somebody with', (rank) => revoke({ token: issued[rank]!.pop()!.access_token })),
    ...ofRanks('the refresh token of somebody with', (rank) => revoke({ token: issued[rank]!.pop()!.refresh_token })),
    ...ofRanks('the token of a program with', async (rank) => {
      const of = program(`victim-${rank}`, []);
      const asked = { grant_type: 'client_credentials', resource: 'https://orders.example', scope: 'orders:read' };
      const { body } = await tokenRequest(signet, of, asked);
      return revoke({ token: body.access_token });
    }),
    ...ofRanks('the grant of somebody with', async (rank) => revoke({ grant_id: await grantOf(rank) })),
    ...ofRanks('everything of somebody with', async (rank) => {
      const of = await user(rank);
      await session(of);
      return revoke({ user_id: of });
    }),
    ...ofRanks('every grant of a client used by somebody with', async (rank) => {
      const of = await client();
      await grant(await user(rank), of);
      return revoke({ client_id: of });
    }),
    ...strengths.map(({ what, needs, roles, metadata }) => ({
      what: `every grant of ${what}`,
      needs,
      send: async () => {
        const of = await client(roles, metadata);
        await grant(await user('nobody'), of);
        return revoke({ client_id: of });
      },
    })),
    foreign(async () => revoke({ grant_id: await grantOf('nobody', there) })),
    foreign(async () => revoke({ user_id: await user('nobody', there) })),
    foreign(async () => revoke({ client_id: await client([], {}, there) })),
  ],
};

const tables = [
  'tenants',
  'users',
  'credentials',
  'clients',
  'resources',
  'signing_keys',
  'sessions',
  'grants',
  'consents',
  'refresh_tokens',
  'revoked_access_tokens',
  'one_time_tokens',
  'audit_events',
];

/** What is stored, by table. */
async function snapshot(): Promise<Record<string, string>> {
  const of = tables.map((name) => `(SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM ${name} t) AS ${name}`);
  return (await db.query<Record<string, string>>(`SELECT ${of.join(', ')}`)).rows[0]!;
}

/** How many wait for an answer at once. */
const atOnce = 12;
async function each<T>(all: readonly T[], work: (one: T) => Promise<void>, width = atOnce): Promise<void> {
  const left = [...all];
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Of two at once, one is refused. */
const oneByOne = ['admin:roles:write', 'admin:signing-keys:write', 'admin:settings:write'];

const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

test('every operation has its cases, and those about one thing have one of another tenant', () => {
  expect(Object.keys(cases)).toEqual(operations.map(nameOf));
  const withoutForeign = operations
    .map(nameOf)
    .filter((name) => name.includes('{') && !cases[name]!.some(({ isForeign }) => isForeign));
  expect(withoutForeign).toEqual(['GET /tenants/{tenant}']);
});

describe('whoever does not hold what it takes changes nothing', () => {
  test.each(operations.map((operation) => ({ operation, name: nameOf(operation) })))(
    'M95 $name: each administrator may do what the table says, and no more',
    async ({ operation: { method, scope, answers }, name }) => {
      const wrong: string[] = [];
      const told: string[] = [];
      const ask = async (actor: Actor, one: Case, { path, body, headers }: Sent, expected: number) => {
        const answer = await fetchStatus(actor, method, path, body, headers);
        if (answer.status !== expected)
          wrong.push(`${actor.name}, ${one.what}: ${answer.status} for ${expected} ${answer.text.slice(0, 200)}`);
        else told.push(one.what);
      };
      const expected = ({ holds }: Actor, { needs = [], isForeign }: Case) => {
        if (!holds.includes(scope)) return 403;
        if (isForeign) return 404;
        return covers(holds, needs) ? answers.status : 403;
      };
      const prepared = [];
      for (const one of cases[name]!) prepared.push({ one, sent: await one.send() });
      const refused = prepared.flatMap(({ one, sent }) =>
        actors.flatMap((actor) => {
          const status = expected(actor, one);
          return status === answers.status ? [] : [{ actor, one, sent, status }];
        }),
      );
      const before = await snapshot();
      await each(refused, ({ actor, one, sent, status }) => ask(actor, one, sent, status));
      expect(wrong).toEqual([]);
      expect(await snapshot()).toEqual(before);
      const allowed = cases[name]!.flatMap((one) =>
        actors.filter((actor) => expected(actor, one) === answers.status).map((actor) => ({ actor, one })),
      );
      expect(allowed.length).toBeGreaterThan(0);
      const width = oneByOne.includes(scope) ? 1 : atOnce;
      await each(allowed, async ({ actor, one }) => ask(actor, one, await one.send(), answers.status), width);
      expect(wrong).toEqual([]);
      expect(told).toHaveLength(refused.length + allowed.length);
      if (method !== 'GET') expect(await snapshot()).not.toEqual(before);
    },
  );
});

/** Not every answer is JSON. */
async function fetchStatus(
  { token }: Actor,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) {
  if (!path.startsWith('/audit-events/export')) return administer(signet, token, method, path, body, headers);
  const answer = await fetch(`${signet.issuer}/admin/api${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, text: await answer.text() };
}

test('M95 owners of another tenant are strangers here', async () => {
  const token = await tokenOf({ issuer: `${signet.issuer}/t/${there}` }, program('foreign-owner', []));
  expect(claimsOf(token)['scope']).toContain('admin:users:write');
  for (const operation of operations) {
    const one = cases[nameOf(operation)]!.at(-1);
    const { path, body, headers } = await one!.send();
    const stranger = { name: 'a stranger', holds: [], token };
    const { status } = await fetchStatus(stranger, operation.method, path, body, headers);
    expect(status, nameOf(operation)).toBe(401);
  }
});

/** What is hard to undo, or makes somebody else able to act: always, or with the roles and secrets that the last case of each gives. */
const dangerous = [
  'POST /users',
  'PATCH /users/{id}',
  'POST /clients',
  'PATCH /clients/{client_id}',
  'POST /users/{id}/password',
  'DELETE /users/{id}',
  'DELETE /users/{id}/credentials',
  'DELETE /users/{id}/credentials/{credential_id}',
  'DELETE /service-accounts/{id}',
  'POST /service-accounts/{id}/keys',
  'DELETE /clients/{client_id}',
  'POST /clients/{client_id}/secrets',
  'DELETE /clients/{client_id}/secrets/{secret_id}',
  'DELETE /resources/{identifier}',
  'POST /roles',
  'PATCH /roles/{name}',
  'DELETE /roles/{name}',
  'PATCH /settings',
  'POST /signing-keys/rotate',
  'DELETE /signing-keys/{kid}',
  'POST /tenants',
  'POST /tokens/revoke',
];

test('M95 an owner who signed in eleven minutes ago does nothing dangerous, and everything else', async () => {
  signet.clock.advance(660);
  const owner = actors.find(({ name }) => name === 'the person owner')!;
  for (const operation of operations) {
    const name = nameOf(operation);
    const { path, body, headers } = await cases[name]!.findLast(({ isForeign }) => !isForeign)!.send();
    const { status } = await fetchStatus(owner, operation.method, path, body, headers);
    expect(status, name).toBe(dangerous.includes(name) ? 401 : operation.answers.status);
  }
});

test('M95 of two who delete the last two owners at once, the second is refused', async () => {
  const at = { issuer: `${signet.issuer}/t/${there}` };
  const owners = ['last-one', 'last-other'].map((username) => ({
    username,
    password: `the long password of ${username}`,
    admin_roles: ['owner'],
  }));
  await signet.provision({ tenant: there, users: owners });
  const { rows } = await db.query<{ id: string }>(`SELECT id FROM users WHERE username LIKE 'last-%'`);
  const token = await tokenOf(at, program('foreign-owner', []));
  await db.query('BEGIN');
  // Nobody gets further than where the deletion is recorded, which is behind the count of owners.
  await db.query('LOCK TABLE audit_events IN SHARE MODE');
  const deleting = rows.map(({ id: of }) => administer(at, token, 'DELETE', `/users/${of}`, undefined, whatever));
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await db.query(waiting)).rowCount).toBe(2);
  await db.query('COMMIT');
  const statuses = (await Promise.all(deleting)).map(({ status }) => status);
  expect(statuses.toSorted((one, other) => one - other)).toEqual([204, 409]);
});

// `signet client ...`: registering, giving another secret and deleting, as a running server sees it.
import { asPatient } from '../support/patient.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { deleteClient } from '../../src/flows/clients/delete.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { createAgent } from '../support/agent.ts';
import { type CommandLine, commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import {
  alice,
  authorizationRequest,
  codeFlow,
  getUserinfo,
  refresh,
  spaClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask } from '../support/visits.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

type Registered = { client_id: string; client_secret?: string; redirect_uris: string[] };

let running: TestSignet;
let signet: CommandLine;
beforeAll(async () => {
  running = await startSignet({ provision: world });
  await running.provision({ ...world, tenant: 'acme' });
  signet = commandLine(settingsOf(running));
});
afterAll(() => running.stop());

/** How many rows each table has about the clients of this id, at all tenants. */
async function rowsOf(id: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['client_origins', 'consents', 'grants', 'sign_in_attempts']) {
    const rows = await query(running.database.url, `SELECT FROM ${table} WHERE client_id = $1`, [id]);
    counts[table] = rows.length;
  }
  return counts;
}

const callback = 'https://app.example/cb';

/** The types of the events about a client, in the order of their names. */
async function eventsOf(id: string): Promise<string[]> {
  const text = `SELECT type FROM audit_events WHERE client_id = $1 AND type LIKE 'client.%' ORDER BY type`;
  return (await query<{ type: string }>(running.database.url, text, [id])).map(({ type }) => type);
}

describe('create', () => {
  test('a confidential client: its secret is shown once, works, and stands nowhere in the database', async () => {
    const options = ['--id', 'app', '--name', 'App', '--redirect-uri', callback, '--first-party'];
    const made = await resultOf<Registered>(signet, ['client', 'create', ...options]);
    expect(made).toMatchObject({
      client_id: 'app',
      client_name: 'App',
      client_secret: expect.stringMatching(/^sgx_[\w-]{43}$/),
      client_secret_expires_at: 0,
      redirect_uris: [callback],
      token_endpoint_auth_method: 'client_secret_basic',
      first_party: true,
    });
    const { tokens } = await codeFlow(running, made);
    expect((await getUserinfo(running, tokens.access_token)).status).toBe(200);
    const [row] = await query<{ row: string }>(
      running.database.url,
      `SELECT c::text AS row FROM clients c WHERE id = 'app'`,
    );
    expect(row!.row).not.toContain(made.client_secret);
    expect(await eventsOf('app')).toEqual(['client.created']);
  });

  test.each([
    ['spa', { token_endpoint_auth_method: 'none', application_type: 'web' }],
    ['native', { token_endpoint_auth_method: 'none', application_type: 'native' }],
  ])('of the type %s: public, under an id of its own', async (type, metadata) => {
    const uris = ['--redirect-uri', callback, '--post-logout-redirect-uri', callback];
    const made = await resultOf<Registered>(signet, ['client', 'create', '--type', type, ...uris, '--scope', 'openid']);
    expect(made).toMatchObject({ ...metadata, scope: 'openid', post_logout_redirect_uris: [callback] });
    expect([made.client_id, made.client_secret]).toEqual([expect.stringMatching(/^[0-9a-f]{24}$/), undefined]);
  });

  test('from RFC 7591 metadata on standard input', async () => {
    const metadata = {
      redirect_uris: [callback],
      token_endpoint_auth_method: 'client_secret_post',
      contacts: ['a@b.example'],
    };
    const made = await resultOf<Registered>(
      signet,
      ['client', 'create', '--id', 'given', '--from', '-'],
      JSON.stringify(metadata),
    );
    expect(made).toMatchObject({ ...metadata, client_id: 'given', client_secret: expect.stringMatching(/^sgx_/) });
  });

  test('a redirect URI that may not be one: 2, because it stands on the command line', async () => {
    const { code, output } = await signet(['client', 'create', '--redirect-uri', 'http://app.example/cb', '--json']);
    const problems = ['redirect_uris[0] must use https (http only on loopback)'];
    expect([code, JSON.parse(output)]).toEqual([2, { error: 'usage', problems }]);
  });

  test('one that is there: 4, and it keeps its secret', async () => {
    const { code, output } = await signet(['client', 'create', '--id', 'web', '--redirect-uri', callback]);
    expect([code, output]).toEqual([4, 'There is a client web already; nothing was changed.\n']);
    expect((await codeFlow(running, webClient)).tokens.refresh_token).toMatch(/^sgr_/);
  });

  test('mistakes: all of them, by the names of the metadata', async () => {
    const metadata = { redirect_uris: [callback, 'http://app.example/cb'], policy_uri: 'nowhere' };
    const { code, output } = await signet(['client', 'create', '--from', '-', '--json'], JSON.stringify(metadata));
    expect([code, JSON.parse(output)]).toEqual([
      1,
      {
        error: 'failed',
        problems: ['policy_uri must be an absolute URI', 'redirect_uris[1] must use https (http only on loopback)'],
      },
    ]);
  });

  test('a secret of their own choice, what is not JSON, a file that is not there, a file and options at once', async () => {
    const from = (file: string, input: string, ...more: string[]) =>
      signet(['client', 'create', '--from', file, ...more], input);
    const chosen = await from('-', JSON.stringify({ redirect_uris: [callback], client_secret: 'x'.repeat(40) }));
    expect([chosen.code, chosen.output]).toEqual([1, 'client_secret is made here: leave it out\n']);
    expect(await from('-', '{')).toMatchObject({ code: 1, output: 'What came on standard input is not JSON.\n' });
    expect(await from('/nowhere.json', '')).toMatchObject({ code: 3 });
    expect(await from('-', '{}', '--type', 'web')).toMatchObject({ code: 2 });
  });
});

test('list: a page at a time, of one tenant, for people and for scripts, and never a secret', async () => {
  const list = ['client', 'list', '--tenant', 'acme'];
  const { code, stdout, output } = await signet([...list, '--limit', '2']);
  expect([code, stdout]).toEqual([
    0,
    [
      'Client       Name                      Type    Redirect URIs           State',
      'first-party  First-party applications  public  -                       enabled',
      'own          -                         public  https://own.example/cb  enabled',
      '',
    ].join('\n'),
  ]);
  expect(output).toContain('There are more: --after own\n');
  const rest = await resultOf<Registered[]>(signet, [...list, '--after', 'own']);
  expect(rest).toMatchObject([
    { client_id: 'spa' },
    { client_id: 'web', redirect_uris: webClient.redirect_uris, disabled: false },
  ]);
  expect(JSON.stringify(rest)).not.toMatch(/secret_mac|a-secret-that/);
});

test('a secret with the prefix of earlier ones, sgk_, goes on working', async () => {
  const early = { ...webClient, client_id: 'early', client_secret: `sgk_${'e'.repeat(43)}` };
  await running.provision({ clients: [early] });
  expect((await codeFlow(running, early)).tokens.refresh_token).toMatch(/^sgr_/);
});

describe('rotate-secret', () => {
  test('the running server refuses the old secret and takes the new one; tokens go on', async () => {
    const { tokens } = await codeFlow(running, webClient);
    const elsewhere = { issuer: `${running.issuer}/t/acme` };
    const { code, stdout } = await signet(['client', 'rotate-secret', 'web']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^sgx_[\w-]{43}\n$/)]);
    await expect.poll(async () => (await refresh(running, webClient, tokens.refresh_token)).status).toBe(401);
    const rotated = { ...webClient, client_secret: stdout.trim() };
    expect((await refresh(running, rotated, tokens.refresh_token)).status).toBe(200);
    expect((await codeFlow(elsewhere, webClient)).tokens.refresh_token).toMatch(/^sgr_/);
    expect(await eventsOf('web')).toContain('client.secret_rotated');
  });

  test('of a public client: 1; of one that is not there: 3', async () => {
    const { code, output } = await signet(['client', 'rotate-secret', 'spa']);
    expect([code, output]).toEqual([1, 'The client spa has no secrets: it is public.\n']);
    expect((await signet(['client', 'rotate-secret', 'nobody'])).code).toBe(3);
  });
});

describe('secret', () => {
  type Added = { secret_id: string; client_secret: string; expires_at: string | null };
  const id = 'rotating';
  const authenticates = async (client_secret: string) =>
    (await refresh(running, { ...webClient, client_id: id, client_secret }, 'sgr_none')).body.error === 'invalid_grant';
  const add = (...options: string[]) => resultOf<Added>(signet, ['client', 'secret', 'add', id, ...options]);
  const declared = { ...webClient, client_id: id };
  const listed = async () => {
    type Row = { secret_id: string; added_at: string | null; expires_at: string | null; expired: boolean };
    return resultOf<Row[]>(signet, ['client', 'secret', 'list', id]);
  };

  test('one beside the other: both are right, until the first is revoked; then a third takes its place', async () => {
    await running.provision({ clients: [declared] });
    const second = await add();
    expect(second).toMatchObject({ secret_id: expect.stringMatching(/^[0-9a-f]{12}$/), expires_at: null });
    await expect.poll(() => authenticates(second.client_secret)).toBe(true);
    expect(await authenticates(webClient.client_secret)).toBe(true);
    expect((await listed()).map(({ secret_id }) => secret_id)).toEqual(['registered', second.secret_id]);

    const third = await signet(['client', 'secret', 'add', id]);
    expect([third.code, third.output]).toEqual([4, expect.stringContaining('has 2 secrets already')]);

    const revoked = await resultOf(signet, ['client', 'secret', 'revoke', id, 'registered']);
    expect(revoked).toEqual({ client_id: id, secret_id: 'registered', secrets_left: 1 });
    await expect.poll(() => authenticates(webClient.client_secret)).toBe(false);
    expect(await authenticates(second.client_secret)).toBe(true);

    // A file brings back what it declares, and takes nothing from what was added.
    await running.provision({ clients: [declared] });
    expect([await authenticates(webClient.client_secret), await authenticates(second.client_secret)]).toEqual([
      true,
      true,
    ]);
    // Another secret in the file takes the place of its own.
    const another = 'another-declared-secret-of-32-characters';
    await running.provision({ clients: [{ ...declared, client_secret: another }] });
    const right = [webClient.client_secret, another, second.client_secret].map(authenticates);
    expect(await Promise.all(right)).toEqual([false, true, true]);
    // One that was added is declared: it stands once.
    await running.provision({ clients: [{ ...declared, client_secret: second.client_secret }] });
    expect(await listed()).toHaveLength(2);

    const { stdout } = await signet(['client', 'rotate-secret', id]);
    await expect.poll(() => authenticates(stdout.trim())).toBe(true);
    expect([await authenticates(another), await authenticates(second.client_secret)]).toEqual([false, false]);
    expect(await listed()).toHaveLength(1);
    expect(await eventsOf(id)).toEqual(
      expect.arrayContaining(['client.secret_added', 'client.secret_revoked', 'client.secret_rotated']),
    );
  });

  test('an expired one is refused with its reason, and one that a file declares stands for good', async () => {
    await running.provision({ clients: [declared] });
    await signet(['client', 'rotate-secret', id]);
    const short = await add('--expires-in', '1h');
    await expect.poll(() => authenticates(short.client_secret)).toBe(true);
    running.clock.advance(3900);
    const { status, body } = await refresh(
      running,
      { ...webClient, client_id: id, client_secret: short.client_secret },
      'sgr_none',
    );
    expect([status, body]).toMatchObject([401, { error_description: 'The client secret has expired.' }]);
    expect((await refresh(running, { ...webClient, client_id: id, client_secret: 'wrong' }, 'x')).body).toMatchObject({
      error_description: 'The client secret is wrong.',
    });
    // The command has the time of the machine, the server has another.
    expect((await listed()).map(({ expired }) => expired)).toEqual([false, false]);
    // What is declared for good stands for good, though it was added for an hour.
    await running.provision({ clients: [{ ...declared, client_secret: short.client_secret }] });
    expect(await authenticates(short.client_secret)).toBe(true);
    expect((await listed()).map(({ expires_at: expiresAt }) => expiresAt)).toEqual([null]);
  });

  test('the last one can be revoked, which is said; a client that takes none; ids that are not there', async () => {
    await running.provision({ clients: [declared] });
    for (const { secret_id } of await listed()) await signet(['client', 'secret', 'revoke', id, secret_id]);
    await expect.poll(() => authenticates(webClient.client_secret)).toBe(false);
    const none = await signet(['client', 'secret', 'list', id]);
    expect(none.output).toContain(`${id} has no secrets.`);
    await running.provision({ clients: [declared] });
    const last = await signet(['client', 'secret', 'revoke', id, 'registered']);
    expect(last.output).toContain('has no secret now');

    const open = await signet(['client', 'secret', 'add', 'spa']);
    expect([open.code, open.output]).toEqual([1, 'The client spa has no secrets: it is public.\n']);
    expect((await signet(['client', 'secret', 'add', 'nobody'])).code).toBe(3);
    expect((await signet(['client', 'secret', 'list', 'nobody'])).code).toBe(3);
    expect((await signet(['client', 'secret', 'revoke', id, 'nothing'])).code).toBe(3);
  });
});

describe('delete', () => {
  test('without a yes: 2, and nothing changes; with it, all that was authorized for the client is dead', async () => {
    const { tokens, agent } = await codeFlow(running, spaClient);
    const elsewhere = { issuer: `${running.issuer}/t/acme` };
    const theirs = await codeFlow(elsewhere, spaClient);
    expect(await rowsOf('spa')).toEqual({ client_origins: 2, consents: 2, grants: 2, sign_in_attempts: 2 });
    const asked = await signet(['client', 'delete', 'spa']);
    expect([asked.code, asked.output]).toEqual([2, expect.stringContaining('--yes')]);
    expect((await getUserinfo(running, tokens.access_token)).status).toBe(200);

    const deleted = await resultOf(signet, ['client', 'delete', 'spa', '--yes']);
    expect(deleted).toEqual({ client_id: 'spa', grants_revoked: 1 });
    expect((await getUserinfo(running, tokens.access_token)).status).toBe(401);
    await expect
      .poll(async () => (await refresh(running, spaClient, tokens.refresh_token)).body.error)
      .toBe('invalid_client');
    expect((await agent.get(authorizationRequest(running, spaClient).url)).body).toContain('>invalid_client<');
    expect(await rowsOf('spa')).toEqual({ client_origins: 1, consents: 1, grants: 1, sign_in_attempts: 1 });
    expect((await getUserinfo(elsewhere, theirs.tokens.access_token)).status).toBe(200);
    expect(await eventsOf('spa')).toContain('client.deleted');
    expect((await signet(['client', 'delete', 'spa', '--yes'])).code).toBe(3);
  });

  test('a grant that is slow to go: the client is refused before it has gone, and nothing is too slow', async () => {
    const slow = { ...spaClient, client_id: 'slow' };
    await running.provision({ clients: [slow] });
    const { tokens } = await codeFlow(running, slow);
    const holder = new pg.Client({ connectionString: running.database.url });
    onTestFinished(() => holder.end());
    await holder.connect();
    await holder.query(`BEGIN; SELECT FROM grants WHERE client_id = 'slow' FOR UPDATE`);
    const [{ pid }] = (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];
    const deleting = signet(['client', 'delete', 'slow', '--yes']);
    await expect
      .poll(async () => (await refresh(running, slow, tokens.refresh_token)).body.error)
      .toBe('invalid_client');
    // Longer than a request would wait for a statement.
    await expect
      .poll(() =>
        query(
          running.database.url,
          `SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) AND clock_timestamp() - query_start > '6 s'`,
          [pid],
        ),
      )
      .toHaveLength(1);
    await holder.query('ROLLBACK');
    expect(await deleting).toMatchObject({ code: 0, stdout: 'Deleted the client slow: 1 grant ended.\n' });
    expect(await rowsOf('slow')).toEqual({ client_origins: 0, consents: 0, grants: 0, sign_in_attempts: 0 });
  });

  test('with more grants than one transaction takes, and interrupted: it is refused, and a second time finishes', async () => {
    const { deps } = running.server;
    const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, running.clock.now);
    const busy = { ...spaClient, client_id: 'busy' };
    await running.provision({ clients: [busy] });
    const { tokens } = await codeFlow(running, busy);
    await query(
      running.database.url,
      `INSERT INTO grants SELECT (jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid()))).*
       FROM grants g, generate_series(1, 210) WHERE g.client_id = 'busy'`,
    );
    let batches = 0;
    const interrupted: Deps = {
      ...deps,
      db: {
        patience: 'hurried',
        send(statement, values) {
          if ((batches += 1) > 2) throw new Error('interrupted');
          return deps.db.send(statement, values);
        },
        transaction: (work) => deps.db.transaction(work),
      },
    };
    await expect(deleteClient(asPatient(interrupted), context, 'busy')).rejects.toThrow('interrupted');
    expect((await refresh(running, busy, tokens.refresh_token)).body.error).toBe('invalid_client');
    expect(await deleteClient(asPatient(deps), context, 'busy')).toEqual({ grants: 111 });
    expect((await getUserinfo(running, tokens.access_token)).status).toBe(401);
    expect(await rowsOf('busy')).toEqual({ client_origins: 0, consents: 0, grants: 0, sign_in_attempts: 0 });
    expect(await eventsOf('busy')).toEqual(['client.created', 'client.deleted', 'client.updated']);
  });

  test('between the look at it and the row that refers to it: not now, and never a failure of ours', async () => {
    const going = { ...spaClient, client_id: 'going' };
    await running.provision({ clients: [going] });
    const agent = createAgent();
    const page = await ask(running, agent, going);
    const gate = gateStatements(running);
    const held = gate.hold('before', /INSERT INTO sign_in_attempts/);
    const visit = submitPassword(agent, page, alice);
    await held.arrived;
    await query(running.database.url, `DELETE FROM clients WHERE id = 'going'`);
    gate.open();
    expect((await visit).status).toBe(503);
  });
});

test('delete refuses the client that is built in, and changes nothing', async () => {
  const { code, output } = await signet(['client', 'delete', 'first-party', '--yes']);
  expect([code, output]).toEqual([1, 'The client first-party is built in: it can be disabled, not deleted.\n']);
  type Listed = { client_id: string; disabled: boolean; built_in?: true };
  const clients = await resultOf<Listed[]>(signet, ['client', 'list']);
  expect(clients.find(({ client_id: id }) => id === 'first-party')).toMatchObject({
    client_id: 'first-party',
    disabled: false,
    built_in: true,
  });
});

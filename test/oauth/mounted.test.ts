// Signet below a path of a shared host: addresses, documents, pages, cookies and a whole flow, and nothing beside it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutMount } from '../../src/http/mount.ts';
import { freePort } from '../../src/testing/start.ts';
import { createAgent } from '../support/agent.ts';
import { authorizationRequest, claimsOf, codeFlow, getUserinfo, refresh, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf, signIn } from '../support/visits.ts';

let signet: TestSignet;
let acme: { issuer: string };
let origin: string;
beforeAll(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  signet = await startSignet({ provision: world, config: { port, publicUrl: `${origin}/id` } });
  await signet.provision({ tenant: { slug: 'acme', name: 'Acme' }, users: world.users, clients: [webClient] });
  acme = { issuer: `${signet.issuer}/t/acme` };
});
afterAll(() => signet.stop());

const json = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>;

test.each([
  ['/id', '/'],
  ['/id/', '/'],
  ['/id?x=1', '/?x=1'],
  ['/id/sign-in?next=/id/x', '/sign-in?next=/id/x'],
  ['/id/t/acme/account', '/t/acme/account'],
  ['/identity', '/-'],
  ['/sign-in', '/-'],
  ['/', '/-'],
  ['//id/sign-in', '/-'],
  ['/ready', '/ready'],
  ['/ready/id', '/-'],
  ['/.well-known/openid-configuration/id', '/.well-known/openid-configuration'],
  ['/.well-known/oauth-authorization-server/id/t/acme', '/.well-known/oauth-authorization-server/t/acme'],
  ['/.well-known/oauth-authorization-server', '/-'],
  ['/.well-known/oauth-authorization-server/identity', '/-'],
  ['/id/id/sign-in', '/id/sign-in'],
])('%s is %s', (address, meant) => {
  expect(withoutMount('/id', address)).toBe(meant);
});

test.each(['openid-configuration', 'oauth-authorization-server'])(
  '%s: behind the issuer, and with the path of the issuer behind it (RFC 8414 3.1)',
  async (name) => {
    for (const [base, issuer] of [
      [`${origin}/id/.well-known/${name}`, signet.issuer],
      [`${origin}/.well-known/${name}/id`, signet.issuer],
      [`${origin}/id/t/acme/.well-known/${name}`, acme.issuer],
      [`${origin}/.well-known/${name}/id/t/acme`, acme.issuer],
    ] as const) {
      const document = await json(base);
      expect(document['issuer'], base).toBe(issuer);
      for (const [key, value] of Object.entries(document))
        if (/_(?:endpoint|uri)$/.test(key)) expect(value, key).toMatch(new RegExp(`^${issuer}/`));
    }
  },
);

describe.each(['default', 'acme'])('the tenant %s', (slug) => {
  const tenant = () => (slug === 'acme' ? acme : signet);
  const base = () => new URL(tenant().issuer).pathname;

  test('a whole flow, and its tokens', async () => {
    const { tokens } = await codeFlow(tenant(), webClient);
    expect(claimsOf(tokens.id_token)).toMatchObject({ iss: tenant().issuer, aud: 'web' });
    expect((await getUserinfo(tenant(), tokens.access_token)).status).toBe(200);
    expect((await refresh(tenant(), webClient, tokens.refresh_token)).status).toBe(200);
    const status = claimsOf(tokens.access_token)['status'] as { status_list: { uri: string } };
    expect((await fetch(status.status_list.uri)).status).toBe(200);
  });

  test('every address on a page is below the path, and cookies are sent nowhere else', async () => {
    const agent = createAgent();
    const page = await agent.follow(await agent.get(authorizationRequest(tenant(), webClient).url), origin);
    expect(outcomeOf(page)).toBe('sign-in');
    await signIn(tenant(), undefined, agent);
    const pages = [page, await agent.get(`${tenant().issuer}/account`), await agent.get(`${tenant().issuer}/nothing`)];
    for (const { body } of pages) {
      const addresses = [...body.matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(([, address]) => address!);
      expect(addresses.length).toBeGreaterThan(1);
      for (const address of addresses)
        expect(address.startsWith(`${base()}/`) || address.startsWith('data:'), address).toBe(true);
      const sheet = /<link rel="stylesheet" href="([^"]*)"/.exec(body)![1]!;
      expect((await fetch(origin + sheet)).status).toBe(200);
    }
    const first = await createAgent().get(authorizationRequest(tenant(), webClient).url);
    expect(first.headers.getSetCookie()).toEqual([expect.stringMatching(/; Path=\/id; HttpOnly; SameSite=Lax$/)]);
  });
});

test('where nobody knows the tenant, the way out and the look are still ours', async () => {
  const { body } = await createAgent().get(`${origin}/id/t/nobody/sign-in`);
  expect(body).toContain('href="/id/"');
  expect(body).toMatch(/<link rel="stylesheet" href="\/id\/assets\//);
});

test('without the path there is nothing, and twice there is nothing: what a proxy forbids is not reached by another address', async () => {
  for (const path of ['/sign-in', '/oauth/jwks', '/admin/api/users', '/id/id/admin/api/users', '/id/id/sign-in'])
    expect((await fetch(origin + path)).status, path).toBe(404);
  const page = await createAgent().get(`${origin}/sign-in`);
  expect([page.status, page.body.includes('href="/id/"')]).toEqual([404, true]);
});

test('probes stand at the root, where nothing of the host is in front', async () => {
  for (const path of ['/ready', '/id/ready']) expect((await fetch(origin + path)).status).toBe(200);
});

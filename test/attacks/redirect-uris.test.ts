// Redirect URIs: compared as strings, never learnt, and never of a scheme that runs code (M01, M84).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProvisioningError } from '../../src/flows/provision/problems.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { authorizationRequest, codeFlow, world } from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const client = {
  client_id: 'exact',
  client_secret: 'another-secret-of-at-least-32-characters',
  redirect_uris: ['https://foo.example.com/cb?a=1', 'https://foo.example.com/cb'],
};
const native = {
  client_id: 'native',
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: ['http://127.0.0.1/cb'],
};
const bare = {
  client_id: 'bare',
  token_endpoint_auth_method: 'none' as const,
  grant_types: ['refresh_token' as const],
};

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, client, native, bare] } });
});
afterAll(() => signet.stop());

const foreign = [
  'https://fooaexample.com/cb',
  'https://fooaexampleacom/cb',
  'https://foo.example.com/cb/',
  'https://foo.example.com/cb/../cb',
  'https://foo.example.com/cb/..%2fevil',
  'https://foo.example.com/cb%00',
  'https://foo.example.com/cb?a=1&b=2',
  'https://foo.example.com/cb?b=2',
  'https://foo.example.com/cb#fragment',
  'https://foo.example.com:443/cb',
  'https://foo.example.com:8443/cb',
  'https://foo.example.com./cb',
  'https://FOO.example.com/cb',
  'HTTPS://foo.example.com/cb',
  'http://foo.example.com/cb',
  'https://foo.example.com@evil.example/cb',
  'https://evil.example/https://foo.example.com/cb',
  'https://foo.example.com.evil.example/cb',
  'https://foo.example.com\\@evil.example/cb',
  ' https://foo.example.com/cb',
  'https://foo.example.com/cb ',
  'https://foo.example.com/cb\r\nLocation: https://evil.example',
  '//foo.example.com/cb',
  '/cb',
  'https://web.example/cb',
  'javascript:alert(1)',
];

describe('M01 a redirect URI that is not registered character by character gets an error page and no redirect', () => {
  test.each(foreign)('M01 %j', async (uri) => {
    for (const more of [{}, { prompt: 'none' }, { response_mode: 'form_post' }, { scope: 'nonsense' }]) {
      const answer = await createAgent().get(authorizationRequest(signet, client, { redirect_uri: uri, ...more }).url);
      expectRefused(answer, 400);
      expect(answer.headers.get('content-type')).toContain('text/html');
    }
  });

  test.each([
    'http://127.0.0.1:8080/evil',
    'http://127.0.0.1:8080/cb?x=1',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:80@evil.example/cb',
    'http://localhost:8080/cb',
    'http://127.0.0.2:8080/cb',
    'http://[::1]:8080/cb',
    'https://127.0.0.1:8080/cb',
  ])('M01 a native client may vary only the port of its loopback IP, not become %s', async (uri) => {
    expectRefused(await createAgent().get(authorizationRequest(signet, native, { redirect_uri: uri }).url), 400);
  });

  test('M01 the registered ones, and another loopback port, still work', async () => {
    const { tokens } = await codeFlow(signet, client);
    expect(tokens.access_token).toBeTruthy();
    await codeFlow(signet, client, { change: { redirect_uri: client.redirect_uris[1] } });
    await codeFlow(signet, native, { change: { redirect_uri: 'http://127.0.0.1:51004/cb' } });
  });

  test('M01 a redirect URI left out, sent twice or empty is never guessed', async () => {
    const url = (change: Record<string, string | undefined>) => authorizationRequest(signet, client, change).url;
    expectRefused(await createAgent().get(url({ redirect_uri: undefined })), 400);
    expectRefused(await createAgent().get(url({ redirect_uri: '' })), 400);
    expectRefused(await createAgent().get(`${url({})}&redirect_uri=https%3A%2F%2Fevil.example%2Fcb`), 400);
  });

  test('M01 a client without redirect URIs refuses every one, and its list is still empty afterwards', async () => {
    const uri = 'https://first-come.example/cb';
    for (let time = 0; time < 2; time += 1)
      expectRefused(await createAgent().get(authorizationRequest(signet, { ...bare, redirect_uris: [uri] }).url), 400);
    const [row] = await query<{ metadata: { redirect_uris?: string[] } }>(
      signet.database.url,
      `SELECT metadata FROM clients WHERE id = 'bare'`,
    );
    expect(row?.metadata.redirect_uris ?? []).toEqual([]);
  });
});

describe('M84 addresses that run code are refused when a client is registered', () => {
  const codes = [
    'javascript:alert(1)',
    'jAvAsCrIpT:alert(1)',
    'JAVASCRIPT://web.example/%0aalert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'DaTa:text/html;base64,PHNjcmlwdD4=',
    'vbscript:msgbox(1)',
    'blob:https://web.example/1',
    'file:///etc/passwd',
    'view-source:https://web.example/',
    'about:blank',
    'filesystem:https://web.example/temporary/x.html',
  ];
  const places = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri'] as const;
  const attempts: [string, ProvisioningFile][] = codes.flatMap((uri) => [
    ...[client, native].flatMap((base): [string, ProvisioningFile][] => [
      [`redirect_uris of ${base.client_id} ${JSON.stringify(uri)}`, { clients: [{ ...base, redirect_uris: [uri] }] }],
      [
        `post_logout_redirect_uris of ${base.client_id} ${JSON.stringify(uri)}`,
        { clients: [{ ...base, post_logout_redirect_uris: [uri] }] },
      ],
    ]),
    ...places.map((place): [string, ProvisioningFile] => [
      `${place} ${JSON.stringify(uri)}`,
      { clients: [{ ...client, [place]: uri }] },
    ]),
    [`logo_uri of the tenant ${JSON.stringify(uri)}`, { settings: { logo_uri: uri } }],
  ]);

  test('M84 in every place, with every spelling, and nothing of the file is applied', async () => {
    const before = await query(signet.database.url, 'SELECT id, metadata FROM clients ORDER BY id');
    const accepted: string[] = [];
    for (const [name, file] of attempts) {
      await signet.provision(file).then(
        () => accepted.push(name),
        (error: unknown) => expect(error, name).toBeInstanceOf(ProvisioningError),
      );
    }
    expect(accepted).toEqual([]);
    expect(await query(signet.database.url, 'SELECT id, metadata FROM clients ORDER BY id')).toEqual(before);
  });

  test('M84 redirect URIs with credentials, wildcards, fragments or plain http elsewhere are refused too', async () => {
    const bad = [
      'https://user:pass@web.example/cb',
      'https://*.web.example/cb',
      'https://web.example/cb#x',
      'http://web.example/cb',
      'https:web.example/cb',
      'https:///web.example/cb',
      'https://web.example\\cb',
      'com.example.app:/cb#x',
    ];
    for (const uri of bad)
      await expect(signet.provision({ clients: [{ ...native, redirect_uris: [uri] }] }), uri).rejects.toThrow(
        ProvisioningError,
      );
  });
});

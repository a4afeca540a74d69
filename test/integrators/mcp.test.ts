// MCP as its SDK is published, with the programs of docs/your-library.md: an assistant finds Signet by itself and uses a tool.
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimsOf, codeFlow } from '../support/flow.ts';
import { freeOrigin, openPage, type Page, serveAt } from './page.ts';
import { newPerson, passSignet } from './person.ts';

type Assistant = {
  kept: { url: string; tokens: { access_token: string; refresh_token: string } };
  authProvider: object;
  connect(): Promise<{ callTool(call: { name: string }): Promise<{ content: unknown }>; close(): Promise<void> }>;
  endSignIn(url: string): Promise<void>;
};
type Auth = (provider: object, server: { serverUrl: string; authorizationCode?: string }) => Promise<string>;

// Its types need those of packages that are not here.
const published: string = '@modelcontextprotocol/sdk/client/auth.js';
const { auth, UnauthorizedError } = (await import(published)) as { auth: Auth; UnauthorizedError: new () => Error };

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => page?.close());

async function openTools() {
  const origin = await freeOrigin();
  await page.register('my-tools.yaml', origin);
  const { app } = await page.program<{ app: RequestListener }>('mcp-server.js', origin);
  const served = await serveAt(origin, app);
  return { origin, served, assistant: await page.program<Assistant>('mcp-client.js', origin) };
}

test('signs in, uses a tool, and refreshes', async () => {
  const { origin, served, assistant } = await openTools();
  await using _ = served;
  await expect(assistant.connect()).rejects.toBeInstanceOf(UnauthorizedError);
  const asked = new URL(assistant.kept.url).searchParams;
  expect([asked.get('resource'), asked.get('scope'), asked.get('code_challenge_method')]).toEqual([
    `${origin}/mcp`,
    'tools:use',
    'S256',
  ]);
  await assistant.endSignIn(await passSignet(newPerson(), assistant.kept.url));
  const { sub, aud } = claimsOf(assistant.kept.tokens.access_token);
  expect(aud).toBe(`${origin}/mcp`);
  const client = await assistant.connect();
  expect((await client.callTool({ name: 'whoami' })).content).toEqual([{ type: 'text', text: sub }]);
  await client.close();

  const { access_token: first } = assistant.kept.tokens;
  expect(await auth(assistant.authProvider, { serverUrl: `${origin}/mcp` })).toBe('AUTHORIZED');
  expect(assistant.kept.tokens.access_token).not.toBe(first);
  expect(claimsOf(assistant.kept.tokens.access_token)).toMatchObject({ sub, aud, scope: 'tools:use' });
});

test('the server refuses an ID token and a token for another API, and says where its metadata is', async () => {
  const { origin, served } = await openTools();
  await using _ = served;
  await page.register('my-api.yaml', origin);
  const desk = { client_id: 'my-desk', redirect_uris: [`${origin}/callback`] };
  const change = { resource: 'https://api.example', scope: 'openid orders:read' };
  const { tokens } = await codeFlow(page.signet, desk, { change });
  for (const token of [tokens.id_token, tokens.access_token, undefined]) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${origin}/mcp`, { method: 'POST', headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain(
      `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
    );
  }
});

test('a server at the root may be named with the slash or without', async () => {
  const origin = await freeOrigin();
  const metadata = JSON.stringify({ resource: `${origin}/`, authorization_servers: [page.signet.issuer] });
  await using _ = await serveAt(origin, (_request, response) => {
    response.setHeader('content-type', 'application/json').end(metadata);
  });
  await page.signet.provision({
    resources: [{ identifier: origin, scopes: ['tools:use'] }],
    clients: [
      {
        client_id: 'my-assistant',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1:8090/callback'],
        scope: 'tools:use',
      },
    ],
  });
  const { authProvider, kept } = await page.program<Assistant>('mcp-client.js', origin);
  const serverUrl = origin;
  expect(await auth(authProvider, { serverUrl })).toBe('REDIRECT');
  expect(new URL(kept.url).searchParams.get('resource')).toBe(`${origin}/`);
  const answer = new URL(await passSignet(newPerson(), kept.url)).searchParams;
  expect(await auth(authProvider, { serverUrl, authorizationCode: answer.get('code')! })).toBe('AUTHORIZED');
  expect(claimsOf(kept.tokens.access_token)['aud']).toBe(origin);
});

test('a client that nobody registered is told that it cannot register itself', async () => {
  const { origin, served, assistant } = await openTools();
  await using _ = served;
  const unknown = { ...assistant.authProvider, clientInformation: () => undefined, saveClientInformation: () => {} };
  await expect(auth(unknown, { serverUrl: `${origin}/mcp` })).rejects.toThrow(
    'does not support dynamic client registration',
  );
});

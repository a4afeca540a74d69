// Key rotations while APIs check tokens with the keys that they have cached by the headers: none of them refuses a good token.
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyLife } from '../../src/domain/key-life.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { advanceKeys } from '../../src/flows/keys/advance.ts';
import { revokeKey } from '../../src/flows/keys/revoke.ts';
import { scheduleRotation } from '../../src/flows/keys/rotate.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { createVerifier, type Verifier } from '../../src/verifier/verifier.ts';
import { postForm } from '../support/assertions.ts';
import { codeFlow, getUserinfo, ownClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const audience = 'https://api.example';
const machine = {
  client_id: 'machine',
  client_secret: webClient.client_secret,
  grant_types: ['client_credentials' as const],
  response_types: [],
  scope: 'api:read',
  token_endpoint_auth_method: 'client_secret_post' as const,
};
const rotations = 10;
/** Milliseconds: as often as somebody looks while a day goes by. */
const step = 2 * 3600_000;

let signet: TestSignet;
let other: TestSignet;
/** Half of them have seen every key from its publication on, half came up in the middle of it all. */
let apis: Verifier[];
let fetches = 0;
beforeAll(async () => {
  const resources = [{ identifier: audience, scopes: ['api:read'] }];
  signet = await startSignet({ provision: { ...world, clients: [machine, ownClient], resources } });
  other = await startSignet({ beside: signet });
  apis = Array.from({ length: 6 }, newApi);
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

function newApi(): Verifier {
  return createVerifier({
    issuer: signet.issuer,
    audience,
    now: () => signet.clock.now,
    fetch: (...request) => {
      fetches += 1;
      return fetch(...request);
    },
  });
}

async function mint(at: TestSignet): Promise<string> {
  const { client_id, client_secret } = machine;
  const form = { grant_type: 'client_credentials', client_id, client_secret };
  const { status, body } = await postForm(`${at.server.url}/oauth/token`, form);
  expect(status).toBe(200);
  return String(body['access_token']);
}

const contextAt = async ({ server, clock }: TestSignet) =>
  contextWithoutRequest({ actor: 'server' }, (await tenantBySlug(server.deps, 'default'))!, clock.now);

test('ten rotations under load, two processes: every API takes every token, old and new, from beginning to end', async () => {
  const signers = new Set<string>();
  const refused: unknown[] = [];
  const check = (token: string) =>
    Promise.all(
      apis.map((api) => api.verify(token, { scopes: ['api:read'] }).catch((error: unknown) => refused.push(error))),
    );
  const load = async (count: number) => {
    const tokens = await Promise.all(Array.from({ length: count }, (_, i) => mint(i % 2 === 0 ? signet : other)));
    for (const token of tokens) signers.add(decodeProtectedHeader(token).kid!);
    await Promise.all(tokens.map(check));
    return tokens;
  };
  let checked = 0;
  for (let rotation = 0; rotation < rotations; rotation += 1) {
    // While the key is published, while it takes over, and between: tokens are minted and checked without a pause.
    const [before] = await Promise.all([
      load(10),
      scheduleRotation(signet.server.deps, await contextAt(signet), ['ES256']),
    ]);
    for (let passed = 0; passed <= keyLife.publishedAhead; passed += step) {
      signet.clock.advance(step / 1000);
      const steps = [signet, other].map(({ server }) => advanceKeys(server.deps));
      const [tokens] = await Promise.all([load(4), ...steps]);
      // Their last second is still theirs.
      signet.clock.advance(890);
      await Promise.all(tokens.map(check));
      checked += tokens.length * 2;
    }
    checked += before.length;
    apis.splice(0, 1);
    apis.push(newApi());
  }
  expect(refused).toEqual([]);
  expect(signers.size).toBe(rotations + 1);
  expect(checked).toBeGreaterThan(1000);
  // As the headers say, not as often as there are tokens: metadata and keys, again when they are too old.
  expect(fetches).toBeLessThan(checked * apis.length);
});

test('a key that is revoked in an emergency: the server refuses its tokens on every process within five seconds, APIs when their copy is too old', async () => {
  const { tokens } = await codeFlow(signet, ownClient);
  const token = await mint(signet);
  const [api] = apis;
  await api!.verify(token);
  const at = [{ issuer: signet.server.url }, { issuer: other.server.url }];
  const statuses = () => Promise.all(at.map(async (here) => (await getUserinfo(here, tokens.access_token)).status));
  expect(await statuses()).toEqual([200, 200]);
  await revokeKey(signet.server.deps, await contextAt(signet), decodeProtectedHeader(tokens.access_token).kid!);
  await expect.poll(statuses, { timeout: 5000 }).toEqual([401, 401]);
  signet.clock.advance(301);
  await expect(api!.verify(token)).rejects.toMatchObject({ status: 401, code: 'invalid_token' });
  const fresh = await mint(other);
  await Promise.all(apis.map((one) => one.verify(fresh)));
});

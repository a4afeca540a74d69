// No token request gets at more resources or scopes than the person allowed (M52).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  basic,
  claimsOf,
  codeFlow,
  refresh,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const ledger = 'https://ledger.example/api';
const mail = 'https://mail.example/api';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, resources: [{ identifier: ledger }, { identifier: mail }] },
  });
});
afterAll(() => signet.stop());

describe('M52 no request gets at more resources or scopes than were granted', () => {
  const wider = [[mail], [ledger, mail], [ledger, `${ledger}/`], ['https://unknown.example'], ['not a uri']];

  async function ask(form: Record<string, string>, resources: string[]) {
    const body = new URLSearchParams(form);
    for (const resource of resources) body.append('resource', resource);
    const headers = { authorization: basic('web', webClient.client_secret) };
    const answer = await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', headers, body });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, string> };
  }

  test.each(wider.map((resources) => ({ resources, all: resources.join(' and ') })))(
    'M52 granted one resource, asked for $all: invalid_target at the exchange and at the refresh',
    async ({ resources }) => {
      const agent = createAgent();
      const asked = authorizationRequest(signet, webClient, { resource: ledger });
      const code = (await authorizeInteractively(agent, asked)).get('code')!;
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: asked.redirectUri,
        code_verifier: asked.verifier,
      };
      const refused = await ask(form, resources);
      expectRefused(refused, 400);
      expect(refused.body['error']).toBe('invalid_target');
      const granted = await ask(form, [ledger]);
      expect(claimsOf(granted.body['access_token']!)['aud']).toBe(ledger);

      const refreshing = { grant_type: 'refresh_token', refresh_token: granted.body['refresh_token']! };
      const again = await ask(refreshing, resources);
      expectRefused(again, 400);
      expect(again.body['error']).toBe('invalid_target');
      expect(claimsOf((await ask(refreshing, [])).body['access_token']!)['aud']).toBe(ledger);
    },
  );

  test('M52 granted no resource: the issuer is all there is', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const answer = await refresh(signet, webClient, tokens.refresh_token, { resource: ledger });
    expect(answer.body.error).toBe('invalid_target');
  });

  test('M52 a resource that is not registered is refused at the authorization request', async () => {
    const { url } = authorizationRequest(signet, webClient, { resource: 'https://unknown.example' });
    const { location } = await createAgent().get(url);
    expect(new URL(location!).searchParams.get('error')).toBe('invalid_target');
  });

  test('M52 a wider scope at the refresh: invalid_scope, and the token survives', async () => {
    const { tokens } = await codeFlow(signet, webClient, { change: { scope: 'openid' } });
    for (const scope of ['openid email', 'openid admin', 'profile', 'openid offline_access', 'openid "'])
      expect((await refresh(signet, webClient, tokens.refresh_token, { scope })).body.error, scope).toBe(
        'invalid_scope',
      );
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    expect((await tokenRequest(signet, webClient, form)).body.scope).toBe('openid');
  });
});

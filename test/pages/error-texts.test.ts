// What an error page tells people to do: the step that fits, in the language of their browser.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { authorizationRequest, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

describe('the next step', () => {
  test.each([
    ['/nothing', 404, 'not_found', 'Check the address for mistakes'],
    ['/t/nobody/sign-in', 404, 'not_found', 'Check the address for mistakes'],
    ['/sign-out', 405, 'method_not_allowed', 'Check the address for mistakes'],
    ['/setup?token=used', 410, 'setup_closed', 'restart Signet: its terminal then shows a new link'],
    ['/oauth/authorize?client_id=nobody', 400, 'invalid_client', 'Tell the people who run it'],
    ['/oauth/logout?client_id=nobody', 400, 'invalid_client', 'Tell the people who run it'],
    ['/sign-in?attempt=unknown', 400, 'attempt_unknown', 'Allow cookies for this site'],
  ])('%s: %i %s', async (path, status, code, next) => {
    const page = await createAgent().get(signet.issuer + path);
    expect(page.status).toBe(status);
    expect(page.body).toContain(`id="error-code" dir="ltr">${code}<`);
    expect(page.body).toContain(next);
  });

  test('a browser that keeps cookies is not told to allow them when its sign-in has expired', async () => {
    const agent = createAgent();
    const page = await agent.follow(await agent.get(authorizationRequest(signet, webClient).url), signet.issuer);
    signet.clock.advance(3601);
    const expired = await agent.get(page.url);
    expect(expired.body).toContain('>attempt_unknown<');
    expect(expired.body).not.toContain('Allow cookies');
    expect(expired.body).toContain('start again there');
  });
});

test('what happened is said in the language of the browser', async () => {
  const agent = createAgent();
  const german = await agent.get(`${signet.issuer}/nothing`, { 'accept-language': 'de-AT,en;q=0.5' });
  expect(german.body).toContain('Unter dieser Adresse gibt es nichts.');
  expect(german.body).toContain('Prüfen Sie die Adresse auf Fehler');
});

// A ui_locales of any length on the way out: it is no reason to fail, and the page is in a language of the browser.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { signIn } from '../support/visits.ts';
import { world } from '../support/flow.ts';

const german = { 'accept-language': 'de' };
/** Bytes. Form bodies and request lines have limits of their own. */
const long = 60_000;
const locales = [
  { what: 'one endless tag', text: 'x'.repeat(long) },
  { what: 'one tag of endless parts', text: 'x-'.repeat(long / 2) },
  { what: 'endlessly many tags', text: 'xx '.repeat(long / 3) },
  { what: 'nothing but spaces', text: ' '.repeat(long) },
];

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

async function confirm(agent: Agent, uiLocales: string) {
  const page = await agent.get(`${signet.issuer}/oauth/logout`);
  const form = { csrf: field(page, 'csrf'), decision: 'confirm', ui_locales: uiLocales };
  return agent.post(`${signet.issuer}/sign-out`, form, german);
}

test.each(locales)('$what: signed out, in the language of the browser', async ({ text }) => {
  const done = await confirm(await signIn(signet), text);
  expect([done.status, /<html lang="([^"]*)"/.exec(done.body)?.[1]]).toEqual([200, 'de']);
  expect(done.body).toContain('id="logout-done"');
});

test('a language among the first is still taken', async () => {
  const done = await confirm(await signIn(signet), `xx fr ${'xx '.repeat(10_000)}`);
  expect(/<html lang="([^"]*)"/.exec(done.body)?.[1]).toBe('fr');
});

test.each(locales)('$what in a request that still fits into a header: the page', async ({ text }) => {
  const page = await createAgent().get(
    `${signet.issuer}/oauth/logout?${new URLSearchParams({ ui_locales: text.slice(0, 4000) }).toString()}`,
    german,
  );
  expect([page.status, /<html lang="([^"]*)"/.exec(page.body)?.[1]]).toEqual([200, 'de']);
  expect(page.body).toContain('id="logout-done"');
});

// Markup in everything that comes from outside stays text on every page (M83).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { authorizationRequest, codeFlow, webClient } from '../support/flow.ts';
import { evilClient, evilText, evilUser, evilWorld } from '../support/evil-world.ts';
import { everyPage, scriptsOf } from '../support/pages.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy } from '../support/sms.ts';
import { mailBy } from '../support/smtp.ts';

const texts = [
  evilText,
  '</script><script>alert(1)</script>',
  "' onmouseover='alert(1)' x='",
  '" autofocus onfocus="alert(1)',
  'javascript:alert(1)',
  '</title></textarea></style><img src=x onerror=alert(1)>',
  '<!--<svg/onload=alert(1)>-->]]>',
  '&lt;svg onload=alert(1)&gt;&#x22;&quot;',
  '\u2028<svg\u000bonload=alert(1)>\u202e',
  '{{constructor.constructor("alert(1)")()}}${alert(1)}',
  '\r\nSet-Cookie: evil=1\r\n\r\n<svg onload=alert(1)>',
];

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: evilWorld, config: { mail: mailBy(9), ...smsBy({ port: 9 }) } });
});
afterAll(() => signet.stop());

/** The markup alone: what stands in quotes is a value, and cannot end before its closing quote. */
function markupOf(body: string): string[] {
  return body.replaceAll(/="[^"]*"/g, '=""').match(/<[^>]*>/g) ?? [];
}

const elements =
  /^<(?:!doctype html|\/?(?:html|head|meta|title|link|body|div|span|header|main|footer|p|h[1-3]|bdi|form|input|label|button|ul|li|a|img|code|dl|dt|dd|section|nav|details|summary|ol|br|time|strong|em|script|svg|path|circle|rect|g)\b)/;

function expectOnlyOurMarkup(name: string, body: string, headers: Headers): void {
  const markup = markupOf(body);
  for (const tag of markup) {
    expect(tag, name).toMatch(elements);
    expect(tag, name).not.toMatch(/\son\w+\s*=|srcdoc|<svg[^>]*onload/i);
  }
  expect(body, name).not.toMatch(/(?:href|src|action|formaction)="\s*(?:javascript|vbscript|data:text)/i);
  // Those that the policy of the page lets run, and no other: it names the text of ours, or has a nonce.
  const csp = headers.get('content-security-policy') ?? '';
  expect(markup.filter((tag) => tag.startsWith('<script')).length, name).toBe(scriptsOf(body).length);
  expect(scriptsOf(body).join(' '), name).toBe(csp.match(/script-src ([^;]*)/)?.[1] ?? '');
  expect(scriptsOf(body).length, name).toBeLessThan(2);
  expect(headers.getSetCookie().join(), name).not.toContain('evil');
  expect(csp, name).not.toContain('unsafe');
  expect(csp.match(/script-src [^;]*/)?.[0] ?? '', name).toMatch(
    name.startsWith('form_post')
      ? /^script-src 'nonce-[A-Za-z0-9+/=]+'$/
      : /^(?:script-src 'sha256-[A-Za-z0-9+/=]+')?$/,
  );
}

describe('M83 cross-site scripting', () => {
  test.each(texts)('M83 %j in every parameter of every page is shown as text', async (text) => {
    for (const { name, answer } of await everyPage(signet, evilClient, { text, user: evilUser }))
      expectOnlyOurMarkup(name, answer.body, answer.headers);
  });

  test('M83 the names that somebody registered are shown, escaped', async () => {
    const pages = await everyPage(signet, evilClient, { user: evilUser });
    const shown = (page: string) => pages.find(({ name }) => name === page)!.answer.body;
    const escaped = '&quot;&gt;&lt;svg onload=alert(1)&gt;';
    for (const name of ['sign-in', 'consent', 'applications', 'sign-out question', 'signed out of a client'])
      expect(shown(name), name).toContain(escaped);
    expect(shown('consent')).toContain('&quot;&gt;&lt;svg/onload=alert(1)&gt;');
  });

  test('M83 an address that runs code, should one stand in the database all the same, is not linked to', async () => {
    const client = { ...webClient, client_id: 'old' };
    await signet.provision({ clients: [client] });
    for (const name of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri']) {
      const value = JSON.stringify({ [name]: 'jAvAsCrIpT:alert(1)' });
      const update = `UPDATE clients SET metadata = metadata || $1::jsonb WHERE id = 'old'`;
      await query(signet.database.url, update, [value]);
    }
    for (const { name, answer } of await everyPage(signet, client, { user: evilUser }))
      expectOnlyOurMarkup(name, answer.body, answer.headers);
  });

  test('M83 form_post carries state and code as they are, and no further', async () => {
    const { agent } = await codeFlow(signet, evilClient, { user: evilUser });
    for (const state of texts.filter((text) => !text.includes('\r'))) {
      const change = { response_mode: 'form_post', prompt: 'none', state };
      const { body } = await agent.get(authorizationRequest(signet, evilClient, change).url);
      const value = /name="state" value="([^"]*)"/.exec(body)![1]!;
      const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
      expect(value.replaceAll(/&([#\w]+);/g, (_all, entity: string) => entities[entity]!)).toBe(state);
    }
  });

  test('M83 headers hold nothing that a parameter could break out of', async () => {
    for (const text of texts) {
      const { agent } = await codeFlow(signet, evilClient, { user: evilUser });
      const change = { state: text, prompt: 'none', scope: 'openid' };
      const { location, headers } = await agent.get(authorizationRequest(signet, evilClient, change).url);
      expect(new URL(location!).searchParams.get('state')).toBe(text);
      expect(headers.get('evil')).toBeNull();
      const challenge = await fetch(`${signet.issuer}/oauth/userinfo`, {
        headers: { authorization: `Bearer ${encodeURIComponent(text)}` },
      });
      expect(challenge.headers.get('www-authenticate')).not.toContain('alert');
    }
  });

  test('M83 errors of programs are JSON, not pages, and repeat no markup', async () => {
    for (const text of texts) {
      for (const form of [{ grant_type: text }, { grant_type: 'authorization_code', code: text }, { [text]: text }]) {
        const answer = await fetch(`${signet.issuer}/oauth/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${btoa(`${encodeURIComponent('web')}:x`)}` },
          body: new URLSearchParams(form as Record<string, string>),
        });
        expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.status).toBeLessThan(500);
      }
      const nothing = await createAgent().get(`${signet.issuer}/${encodeURIComponent(text)}`, { accept: '*/*' });
      expect(nothing.headers.get('content-type')).toMatch(/^application\/json/);
    }
  });
});

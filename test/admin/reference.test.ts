// /admin/reference: the admin API to read and to try, in a real browser.
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../src/http/admin/operations.ts';
import { programs, programToken } from '../support/admin.ts';
import { browserTest } from '../support/browser.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  const users = [{ username: 'ada', name: 'Ada <b>Lovelace</b>' }];
  signet = await startSignet({ provision: { clients: programs, users } });
});
afterAll(() => signet.stop());

test('everybody reads it, without a script as well: every operation, and what it answers', async () => {
  const answer = await fetch(`${signet.issuer}/admin/reference`, { headers: { accept: 'text/html' } });
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(operations.filter(({ method, path }) => !text.includes(`${method} ${path}</code>`))).toEqual([]);
  expect(answer.headers.get('content-security-policy')).toMatch(
    /default-src 'none';.* script-src 'sha256-[^']+'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'/,
  );
});

browserTest('in a browser', (browser) => {
  test.each(['light', 'dark'] as const)(
    'it is tried with a token; nothing is wrong with it for a screen reader (%s)',
    async (colorScheme) => {
      const context = await browser().newContext({ colorScheme, viewport: { width: 375, height: 800 } });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await page.goto(`${signet.issuer}/admin/reference`);
      await page.locator('#token').fill(await programToken(signet, 'auditor'));
      const list = page.locator('#get_users');
      await list.locator('summary').click();
      await list.locator('input[name=search]').fill('ad');
      await list.locator('button').click();
      await expect.poll(() => list.locator('pre').textContent()).toMatch(/^200 OK\n[^]*"Ada <b>Lovelace<\/b>"/);
      const make = page.locator('#post_users');
      await make.locator('summary').click();
      await make.locator('textarea').fill('{"username": "not-made"}');
      await make.locator('button').click();
      await expect
        .poll(() => make.locator('pre').textContent())
        .toMatch(/^403 Forbidden\nwww-authenticate: Bearer [^]*insufficient_scope/);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      expect(complaints.filter((text) => !text.includes('403'))).toEqual([]);
      await context.close();
    },
  );
});

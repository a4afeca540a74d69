// ADMIN_EMAIL that names somebody who is there already: the server starts, and nobody is promoted or enabled by a setting.
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { submitPassword } from '../support/flow.ts';
import { disableByForce } from '../support/last-administrator.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf } from '../support/visits.ts';

const email = 'root@example.com';
const config = { adminEmail: email, adminPassword: 'the password in the settings' };

const running: TestSignet[] = [];
afterEach(async () => {
  for (const signet of running.splice(0).toReversed()) await signet.stop();
});

async function start(...args: Parameters<typeof startSignet>): Promise<TestSignet> {
  const signet = await startSignet(...args);
  running.push(signet);
  return signet;
}

const usersOf = (signet: TestSignet) =>
  query(signet.database.url, 'SELECT username, admin_roles, disabled_at IS NOT NULL AS disabled FROM users');

async function signInWithSetting(signet: TestSignet): Promise<string> {
  const agent = createAgent();
  const page = await agent.get(`${signet.server.url}/sign-in`);
  const user = { username: email, password: config.adminPassword };
  const answer = await submitPassword(agent, page, user);
  return answer.status === 303 ? 'signed in' : `${answer.status} ${outcomeOf(answer)}`;
}

test.each([
  { what: 'by name and address', user: { username: email, email } },
  { what: 'by its address', user: { username: 'somebody', email } },
])('an ordinary user $what: stays one, keeps the password, and the log says so', async ({ user }) => {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  const first = await start({ provision: { users: [{ ...user, password: 'a password of their own' }] } });
  const again = await start({ beside: first, config, log });
  expect(await usersOf(first)).toEqual([{ username: user.username, admin_roles: [], disabled: false }]);
  expect(await signInWithSetting(again)).toBe('403 sign-in');
  expect(lines.filter((line) => line.includes('ADMIN_EMAIL'))).toHaveLength(1);
  expect(again.server.setupUrl).toBeDefined();
});

test('a disabled administrator stays disabled, and no other is made', async () => {
  const first = await start({ config });
  expect(await signInWithSetting(first)).toBe('signed in');
  await disableByForce(first, email);
  const again = await start({ beside: first, config });
  const other = await start({ beside: first, config: { ...config, adminEmail: 'other@example.com' } });
  expect(await usersOf(first)).toEqual([{ username: email, admin_roles: ['owner'], disabled: true }]);
  expect(await signInWithSetting(again)).toBe('403 sign-in');
  expect([again.server.setupUrl, other.server.setupUrl]).toEqual([undefined, undefined]);
});

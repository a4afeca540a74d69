// /admin/api/users/{id}/credentials and /password: what is seen of them, and what an administrator takes, gives and never learns.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminConsole, administer, elsewhere, programs, programToken } from '../support/admin.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { world } from '../support/flow.ts';
import { enrol } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { linkIn, mailBy, mailTo, readMail, startSmtp } from '../support/smtp.ts';

let signet: TestSignet;
let owner: string;
let manager: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
  [owner, manager] = await Promise.all([programToken(signet, 'owner'), programToken(signet, 'user_manager')]);
});
afterAll(() => signet.stop());

const ask = (method: string, path: string, body?: unknown, token = manager) =>
  administer(signet, token, method, `/users${path}`, body);
const person = async (username: string, more: object = {}) => {
  const user = { username, password: `the long password of ${username}` };
  await signet.provision({ users: [{ ...user, ...more }] });
  const { id } = (await administer(signet, owner, 'GET', `/users?search=${username}`)).body.items[0];
  return { user, id: id as string };
};

test('seen: that they are there, when they were used, and nothing of what they are', async () => {
  const { user, id } = await person('seen');
  const { secret, recoveryCodes } = await enrol(signet, user);
  const { status, body, text } = await ask('GET', `/${id}/credentials`);
  expect([status, body.items.map(({ kind }: { kind: string }) => kind)]).toEqual([
    200,
    ['password', 'totp', 'recovery_codes'],
  ]);
  expect(body.items[2]).toEqual({ id: 'recovery_codes', kind: 'recovery_codes', left: 10 });
  for (const known of [secret, ...recoveryCodes, '$argon2']) expect(text).not.toContain(known);
});

test('a lost factor is taken: the person signs in without it, and whoever has it is out', async () => {
  const { user, id } = await person('lost');
  const { tokens } = await enrol(signet, user);
  const { body } = await ask('GET', `/${id}/credentials`);
  const factor = body.items.find(({ kind }: { kind: string }) => kind === 'totp').id as string;
  expect((await ask('DELETE', `/${id}/credentials/${factor}`)).status).toBe(204);
  expect((await ask('DELETE', `/${id}/credentials/${factor}`)).status).toBe(404);
  expect((await ask('GET', `/${id}/credentials`)).body.items).toHaveLength(1);
  const refreshed = await fetch(`${signet.issuer}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: tokens.refresh_token }),
  });
  expect(refreshed.status).toBe(401);
  const again = await logIn(signet, user);
  expect([again.status, again.body.mfa_required]).toEqual([200, undefined]);
});

test('all at once; and none at all is no mistake', async () => {
  const { user, id } = await person('all-lost');
  await enrol(signet, user);
  expect((await ask('DELETE', `/${id}/credentials`)).status).toBe(204);
  expect((await ask('DELETE', `/${id}/credentials`)).status).toBe(204);
  expect((await ask('GET', `/${id}/credentials`)).body.items).toHaveLength(1);
});

test.each(['password', 'recovery_codes'])('%s is not taken away: 409', async (id) => {
  const { id: userId } = await person(`keeps-${id.replace('_', '-')}`);
  expect((await ask('DELETE', `/${userId}/credentials/${id}`)).status).toBe(409);
});

test('a password that is given or made lets its person in only to change it; the old one and every session end', async () => {
  const { user, id } = await person('given');
  const { body: before } = await logIn(signet, user, { scope: 'openid' });
  const given = 'another bridge over the river';
  const answer = await ask('POST', `/${id}/password`, { password: given });
  expect([answer.status, answer.body]).toEqual([200, { sessions_ended: 1, grants_revoked: 1 }]);
  expect((await logIn(signet, user)).status).toBe(401);
  expect((await logIn(signet, { ...user, password: given })).body.code).toBe('password_change_required');
  const userinfo = await fetch(`${signet.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${before.access_token}` },
  });
  expect(userinfo.status).toBe(401);
  const made = await ask('POST', `/${id}/password`, { generate: true });
  expect((await logIn(signet, { ...user, password: made.body.password })).body.code).toBe('password_change_required');
  const credentials = await ask('GET', `/${id}/credentials`);
  expect(credentials.body.items[0].change_by).toBeDefined();
  expect(credentials.text).not.toContain(made.body.password);
});

test('a link to choose one goes to the address that is stored, and nowhere where there is none', async () => {
  const smtp = await startSmtp();
  const mailing = elsewhere(await startSignet({ beside: signet, config: { mail: mailBy(smtp.port) } }));
  try {
    const { user, id } = await person('linked', { email: 'linked@example.com' });
    const send = (whom: string) => administer(mailing, manager, 'POST', `/users/${whom}/password`, { send_link: true });
    expect((await send(id)).body).toEqual({ sessions_ended: 0, grants_revoked: 0 });
    const mail = await mailTo(smtp, 'linked@example.com', 1, 'reset-password');
    expect((await readMail(mail.raw)).text).toContain(`${signet.issuer}/reset-password?token=sgp_`);
    expect((await logIn(signet, user)).status).toBe(200);
    const { id: bare } = await person('bare');
    expect([(await send(bare)).status, (await send('nobody')).status]).toEqual([409, 404]);
    const { id: boss } = await person('linked-boss', { email: 'boss@example.com', admin_roles: ['owner'] });
    expect((await send(boss)).status).toBe(403);
  } finally {
    await mailing.stop();
    await smtp.close();
  }
});

test('a link that was sent before they were given a role leads nowhere after it, and they are signed out', async () => {
  const smtp = await startSmtp();
  const mailing = elsewhere(await startSignet({ beside: signet, config: { mail: mailBy(smtp.port) } }));
  try {
    const { user, id } = await person('promoted', { email: 'promoted@example.com' });
    const { body } = await logIn(signet, user, { scope: 'openid' });
    await administer(mailing, manager, 'POST', `/users/${id}/password`, { send_link: true });
    const link = await linkIn(await mailTo(smtp, 'promoted@example.com', 1, 'reset-password'));
    const { pathname, search } = new URL(link);
    const open = async () => (await fetch(`${mailing.issuer}${pathname}${search}`)).status;
    expect(await open()).toBe(200);
    await administer(signet, owner, 'PATCH', `/users/${id}`, { admin_roles: ['owner'] }, { 'if-match': '*' });
    expect(await open()).toBe(410);
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await fetch(`${signet.issuer}/oauth/userinfo`, { headers })).status).toBe(401);
  } finally {
    await mailing.stop();
    await smtp.close();
  }
});

test.each<[string, object, number]>([
  ['nothing', {}, 422],
  ['two ways at once', { password: 'another bridge over the river', generate: true }, 422],
  ['a short one', { password: 'short' }, 422],
  ['one made of the name', { password: 'refusing-refusing-refusing' }, 422],
  ['a link where no mail is sent', { send_link: true }, 409],
  ['no to a question that was not asked', { generate: false }, 422],
])('%s: refused', async (_what, body, status) => {
  const { id } = await person('refusing');
  expect((await ask('POST', `/${id}/password`, body)).status).toBe(status);
});

test('of somebody who may do more: neither seen to nor taken, given nor sent', async () => {
  const { user, id } = await person('boss');
  await enrol(signet, user);
  await signet.provision({ users: [{ username: 'boss', admin_roles: ['owner'] }] });
  const factor = (await ask('GET', `/${id}/credentials`)).body.items[1].id as string;
  const before = await query(
    signet.database.url,
    `SELECT id, version FROM credentials WHERE user_id = $1 ORDER BY id`,
    [id],
  );
  const answers = [
    await ask('POST', `/${id}/password`, { password: 'another bridge over the river' }),
    await ask('POST', `/${id}/password`, { generate: true }),
    await ask('DELETE', `/${id}/credentials`),
    await ask('DELETE', `/${id}/credentials/${factor}`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(
    await query(signet.database.url, `SELECT id, version FROM credentials WHERE user_id = $1 ORDER BY id`, [id]),
  ).toEqual(before);
  expect((await ask('DELETE', `/${id}/credentials/${factor}`, undefined, owner)).status).toBe(204);
});

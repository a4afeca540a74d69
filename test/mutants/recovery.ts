// Removals from messages to people and from recovery: what is sent to whom, how often, and what a link is good for.
import type { Mutant } from './mutant.ts';

const reset = 'src/flows/recovery/reset.ts';
const forgot = 'src/flows/recovery/forgot.ts';
const page = 'test/pages/forgot-password.test.ts';
const outbox = 'test/delivery/outbox.test.ts';

export const recoveryMutants: readonly Mutant[] = [
  {
    name: 'recovery: sessions and grants outlive the new password',
    file: reset,
    remove: "const ended = await endEverythingOf(tx, tenant.id, user.id, 'password_changed', now);",
    insert: 'const ended = { sessions: 0, grants: 0 };',
    test: page,
    title: 'every session and grant has ended',
  },
  {
    name: 'recovery: who was disabled since the link was made gets another password',
    file: reset,
    remove: 'if (!(await lockPassword(tx, tenant.id, user.id, user.passwordVersion))) throw closed();',
    insert: 'await lockPassword(tx, tenant.id, user.id, user.passwordVersion);',
    test: page,
    title: 'while the password is being hashed',
  },
  {
    name: 'recovery: a link outlives the address that it was mailed to',
    file: reset,
    remove: ' || user.email !== reset.email',
    insert: '',
    test: page,
    title: 'given another address',
  },
  {
    name: 'recovery: a link outlives a change of the password',
    file: reset,
    remove: ' || user.passwordVersion !== reset.passwordVersion',
    insert: '',
    test: page,
    title: 'has another password by then',
  },
  {
    name: 'recovery: guesses at codes are forgotten with the password',
    file: reset,
    remove: 'await forgetPasswordAttempts(tx, tenant.id, user);',
    insert: "await (await import('../sign-in/limiter.ts')).forgetAttempts(tx, tenant.id, user);",
    test: page,
    title: 'never around the second factor',
  },
  {
    name: 'recovery: requests are not counted',
    file: forgot,
    remove: '  await reserveMail(deps, context, email);\n',
    insert: '',
    test: page,
    title: 'three at once',
  },
  {
    name: 'recovery: disabled people and programs get a link',
    file: forgot,
    remove: 'isTheirs && user.passwordHash !== undefined && !user.disabled ? user : undefined',
    insert: 'isTheirs ? user : undefined',
    test: page,
    title: 'a disabled user',
  },
  {
    name: 'outbox: a message is sent by everybody who finds it',
    file: 'src/storage/outbox.ts',
    remove: '          AND (sending_until IS NULL OR sending_until <= ${p.now})\n        ORDER BY next_at',
    insert: '        ORDER BY next_at',
    test: outbox,
    title: 'killed while sending',
  },
  {
    name: 'outbox: what a message said stays after it was sent',
    file: 'src/storage/outbox.ts',
    remove: "sealed = CASE WHEN ${p.state} = 'sent' THEN NULL ELSE sealed END",
    insert: 'sealed = sealed',
    test: outbox,
    title: 'as text and as a document',
  },
  {
    name: 'outbox: a message that cannot be sent now is lost',
    file: 'src/flows/outbox/worker.ts',
    remove: '  await postponeMessage(deps.db, message, problem, next);\n',
    insert: '  await markDead(deps.db, message, problem, now);\n',
    test: outbox,
    title: 'down: the change is answered at once',
  },
  {
    name: 'outbox: a message is sent however old it is',
    file: 'src/flows/outbox/worker.ts',
    remove: 'message.expiresAt <= now',
    insert: 'message.expiresAt <= 0',
    test: outbox,
    title: 'after three days',
  },
  {
    name: 'outbox: a changed password is not told',
    file: 'src/flows/deliver/notices.ts',
    remove: "  'user.password_changed': () => 'password_changed',\n",
    insert: '',
    test: outbox,
    title: 'as text and as a document',
  },
  {
    name: 'outbox: what a mail server repeats is kept as it came',
    file: 'src/delivery/mail.ts',
    remove: "    .replaceAll(/https?:\\/\\/\\S+|\\bsg[a-z]_[\\w-]+/gi, '…')\n",
    insert: '',
    test: outbox,
    title: 'repeats',
  },
  {
    name: 'outbox: the former address is told nothing',
    file: 'src/flows/users/save.ts',
    remove: 'await tellFormerAddress(deps, tx, context, known);',
    insert: '{}',
    test: outbox,
    title: 'the address before',
  },
];

// The numbers of docs/security-model.md are those of the code.
import { expect, test } from 'vitest';
import { partialTokenLifetime } from '../../src/flows/first-party/partial-token.ts';
import { freshFor } from '../../src/flows/first-party/bearer.ts';
import { completeMetadata } from '../../src/domain/client.ts';
import { halfDoneFor } from '../../src/domain/factors.ts';
import { keyLife, keySetMaxAge } from '../../src/domain/key-life.ts';
import {
  type Budget,
  clientSecretBudget,
  factorBudgets,
  mailBudgets,
  mailedCodeGuesses,
  smsBudgets,
} from '../../src/domain/limits.ts';
import { changeLinkFor, noticeUseful, resetLinkFor, sendingDeadline, verifyLinkFor } from '../../src/domain/outbox.ts';
import {
  factorCodeFor,
  guessesOfCode,
  resendAfter,
  sessionTokenLifetime,
  signInMailFor,
} from '../../src/domain/passwordless.ts';
import { defaultKeyLifetime, mostLivingKeys } from '../../src/domain/service-key.ts';
import { staysSignedIn } from '../../src/domain/session.ts';
import { completeSettings } from '../../src/domain/tenant.ts';
import { longestPasswordBytes, shortestPassword, passwordToChangeFor } from '../../src/domain/user.ts';
import { chosenPasswordProblem } from '../../src/schemas/password.ts';
import { formLimit } from '../../src/http/forms.ts';
import { recoveryCodeBytes } from '../../src/crypto/recovery-codes.ts';
import { opaqueBytes } from '../../src/crypto/opaque-tokens.ts';
import { totpSecretBytes } from '../../src/crypto/totp.ts';
import { sectionOf, tableOf } from './markdown.ts';
import { read } from './project.ts';

const document = await read('docs/security-model.md');

/** The first cells of each row of a table, without its head. */
function rowsOf(heading: string, columns: number): string[][] {
  return tableOf(sectionOf(document, heading))
    .slice(1)
    .map((row) => row.slice(0, columns));
}

/** Milliseconds in words, in the largest unit that fits. */
function lasting(ms: number): string {
  for (const [unit, length] of [
    ['day', 24 * 3600_000],
    ['hour', 3600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const)
    if (ms % length === 0) return `${ms / length} ${unit}${ms === length ? '' : 's'}`;
  throw new Error(`${ms} ms is no whole number of seconds`);
}

/** The product that a constant of a file is, where it is that file's own. */
async function constantOf(path: string, name: string): Promise<number> {
  const product = new RegExp(`\\b${name}(?: =|:) ([\\d_]+(?: \\* [\\d_]+)*)\\b`).exec(await read(path))?.[1];
  if (product === undefined) throw new Error(`${path} has no number ${name}`);
  return product.split(' * ').reduce((value, factor) => value * Number(factor.replaceAll('_', '')), 1);
}

test('the limits of attempts', () => {
  const row = (what: string, { free, longestWait, forgottenAfter }: Budget) => [
    what,
    String(free),
    lasting(longestWait),
    lasting(forgottenAfter),
  ];
  const { password, code, mailed_code: mailed } = factorBudgets;
  expect(rowsOf('Attempts', 4)).toEqual([
    row('Passwords of an account, from a browser that it knows', password.knownBrowser),
    row('Passwords of an account, from all others together', password.strangers),
    row('Passwords, from a network', password.address),
    row('Codes of an account, from a browser that it knows by a code', code.knownBrowser),
    row('Codes of an account, from all others together', code.strangers),
    row('Codes, from a network', code.address),
    row('Mailed codes of an account, from a browser that it knows', mailed.knownBrowser),
    row('Mailed codes of an account, from all others together', mailed.strangers),
    row('The same, by whoever has a proof, from a network', mailed.strangers),
    row('Mailed codes, from a network', mailed.address),
    ['Guesses at one code that was sent', String(guessesOfCode), 'for good', '–'],
    row('Guesses at mailed codes of an account, from all browsers that it knows, within a day', mailedCodeGuesses),
    row('The same, from all others', mailedCodeGuesses),
    row('Mails that are asked for, to an address', mailBudgets.address),
    row('The same, from a browser or device that the account knows', mailBudgets.address),
    row('Links to another password out of their turn, to an address', mailBudgets.reset),
    row('Mails of an account out of their turn, within a day', mailBudgets.person),
    row('Mails that are asked for, from a network', mailBudgets.network),
    row('Text messages to a factor, from a browser or device that it is known by, or a network', smsBudgets.factor),
    row('The same, of a person, from all such devices, within a day', smsBudgets.devices),
    row('The same, of a person, from all others, within a day', smsBudgets.person),
    row('The same, of all persons, from a network, without such devices, within an hour', smsBudgets.asking),
    row('Text messages to a number that is to be added', smsBudgets.number),
    row('The same, asked for by a person, within a day', smsBudgets.enrolment),
    row('The same, from a network, within an hour', smsBudgets.network),
    row('The same, to numbers with the same first five digits', smsBudgets.prefix),
    row('Text messages of a tenant, within an hour', smsBudgets.tenant),
    row('Wrong secrets of a client, from a network', clientSecretBudget),
  ]);
});

test('the sizes', async () => {
  const many = (count: number, what: string) => `${count.toLocaleString('en')} ${what}`;
  const request = await read('src/flows/authorize/request.ts');
  const state = Number(/state\.length > (\d+)/.exec(request)?.[1]);
  const others = Number(
    /\['nonce', 'login_hint', 'ui_locales', 'acr_values'\][^;]*?length \?\? 0\) > (\d+)/.exec(request)?.[1],
  );
  const parts = await read('src/schemas/parts.ts');
  expect(rowsOf('Sizes', 2)).toEqual([
    ['The body of a request', many(formLimit, 'bytes')],
    ['Parameters of a query or a form', many(await constantOf('src/http/forms.ts', 'mostParams'), '').trim()],
    ['`state`', many(state, 'characters')],
    ['`nonce`, `login_hint`, `ui_locales`, `acr_values`', many(others, 'characters each')],
    [
      'A sealed sign-in attempt in an address',
      many(await constantOf('src/flows/sign-in/sealed-attempt.ts', 'longest'), 'characters'),
    ],
    ['A JWT that is shown to Signet', many(await constantOf('src/crypto/jwt.ts', 'longestToken'), 'characters')],
    ['A password', many(longestPasswordBytes, 'bytes')],
    ['Values of a registration', many(Number(/maxLength: (\d+)/.exec(parts)?.[1]), 'characters each')],
    ['Lists of a registration', many(Number(/maxItems: (\d+)/.exec(parts)?.[1]), 'entries each')],
    ['TOTP factors of a person', String(await constantOf('src/flows/second-factors/totp.ts', 'mostFactors'))],
    ['Recovery codes of a person', String(await constantOf('src/flows/second-factors/recovery-codes.ts', 'howMany'))],
    ['Living keys of a service account', String(mostLivingKeys)],
    [
      'Accounts that a browser remembers',
      String(await constantOf('src/flows/sign-in/known-browsers.ts', 'mostAccounts')),
    ],
    ['Sessions of a person', 'no limit; the account page shows the 100 used last'],
  ]);
  expect(await read('src/storage/sessions.ts')).toContain('.limit(100)');
});

test('the waits', async () => {
  expect(rowsOf('Waits', 2)).toEqual([
    ['The head of a request to arrive', lasting(await constantOf('src/app.ts', 'headersTimeout'))],
    ['The whole request to arrive', lasting(await constantOf('src/app.ts', 'requestTimeout'))],
    ['A connection on which nothing moves', lasting(await constantOf('src/app.ts', 'connectionTimeout'))],
  ]);
});

test('the lifetimes', async () => {
  const settings = completeSettings({});
  const client = completeMetadata({});
  const seconds = (count: number) => lasting(count * 1000);
  const constant = async (path: string, name: string) => lasting(await constantOf(path, name));
  expect(partialTokenLifetime * 1000).toBe(halfDoneFor);
  expect(factorCodeFor).toBe(signInMailFor);
  expect(rowsOf('Lifetimes', 2)).toEqual([
    ['A session that is not used', seconds(settings.session_idle_lifetime)],
    ['A session in any case', seconds(settings.session_lifetime)],
    [
      'The session cookie',
      staysSignedIn(settings.stay_signed_in, false) ? 'as long as the session' : 'until the browser is closed',
    ],
    ['A sign-in attempt', await constant('src/flows/sign-in/attempt.ts', 'attemptLifetime')],
    ['A password that waits for its second factor, and a partial token', lasting(halfDoneFor)],
    ['A password that a command made, unless it is changed', lasting(passwordToChangeFor)],
    ['A mailed link or code that signs in, and a code of a second factor', lasting(signInMailFor)],
    ['The wait before another code of a second factor', lasting(resendAfter)],
    ['A session token, which a mailed link gives to an application', seconds(sessionTokenLifetime)],
    ['The link to another password', lasting(resetLinkFor)],
    ['The link that confirms another address', lasting(changeLinkFor)],
    ['The link that verifies an address', lasting(verifyLinkFor)],
    ['A message to somebody, unless it is sent: a notice', lasting(noticeUseful)],
    [
      'A TOTP factor that waits for its first code',
      await constant('src/flows/second-factors/totp.ts', 'enrolmentLifetime'),
    ],
    ['A sign-in that counts as fresh, to change password, address or factors', seconds(freshFor)],
    ['A sign-out whose form was posted, until its page is opened', await constant('src/flows/logout.ts', 'sealedFor')],
    ['An authorization code', await constant('src/flows/authorize/respond.ts', 'codeLifetime')],
    ['An access token', seconds(client.access_token_lifetime)],
    ['An ID token', seconds(settings.id_token_lifetime)],
    ['A refresh token family', seconds(client.refresh_token_lifetime)],
    ['The grace in which a refresh is answered once more', seconds(client.refresh_token_grace)],
    ['The setup link of the first administrator', await constant('src/flows/setup.ts', 'linkLifetime')],
    ['A key of a service account', lasting(defaultKeyLifetime)],
    ['A signing key signs', lasting(keyLife.active)],
    ['A signing key is published before that', lasting(keyLife.publishedAhead)],
    ['A signing key is published after that', lasting(keyLife.publishedAfter)],
    ['A copy of the key set', seconds(keySetMaxAge)],
    ['A key from which refresh tokens are derived', await constant('src/flows/grants/rotation-key.ts', 'period')],
    [
      'The cookie that says which accounts a browser knows',
      seconds(await constantOf('src/http/cookies.ts', 'yearInSeconds')),
    ],
    ['What a process keeps in memory of clients, tenants and keys', await constant('src/storage/memory.ts', 'maxAge')],
  ]);
});

test('the timeouts and repetitions of connections', async () => {
  const [, , , timeouts, repeated] =
    tableOf(sectionOf(document, 'Connections')).find(([to]) => to === 'PostgreSQL') ?? [];
  const inDatabase = async (name: string) => lasting(await constantOf('src/storage/database.ts', name));
  const settings = async (name: string) => lasting(await constantOf('src/storage/connection-settings.ts', name));
  expect(timeouts).toBe(
    `connecting, or waiting for a free one: ${await inDatabase('connectionTimeoutMillis')}; a lock: ${await settings('lock_timeout')}; a statement: ${await settings('statement_timeout')}; a server that says nothing: ${await inDatabase('silence')}`,
  );
  const tries = /if \(attempt === (\d+)\) throw new Unavailable/.exec(
    (await read('src/storage/database.ts')) + (await read('src/storage/transaction-dialect.ts')),
  )?.[1];
  expect(repeated).toContain(`${tries} times in all`);
  const mail = tableOf(sectionOf(document, 'Connections')).find(([to]) => to?.startsWith('The mail server'));
  expect(mail?.[3]).toBe(
    `connecting: ${lasting(await constantOf('src/delivery/mail.ts', 'connectionTimeout'))}; silence: ${lasting(await constantOf('src/delivery/mail.ts', 'socketTimeout'))}; all of it: ${lasting(sendingDeadline)}`,
  );
  const lanes = await constantOf('src/flows/outbox/worker.ts', 'lanes');
  expect(mail?.[2]).toBe(`${lanes} for each process, with text messages`);
  const fetched = tableOf(sectionOf(document, 'Connections')).find(([to]) => to === 'What is fetched by HTTP');
  expect(fetched?.[3]).toBe(`all of it: ${lasting(await constantOf('src/delivery/fetcher.ts', 'defaultDeadline'))}`);
});

test('keys and passwords', async () => {
  const keys = sectionOf(document, 'Keys and algorithms');
  expect(keys).toContain(`RSA, ${await constantOf('src/crypto/jwt.ts', 'rsaBits')} bits`);
  expect(keys).toContain(`${opaqueBytes * 8} random bits, kept as SHA-256`);
  expect(keys).toContain(`${recoveryCodeBytes * 8} random bits, kept as SHA-256`);
  expect(keys).toContain(`${totpSecretBytes * 8} random bits, HMAC-SHA-1`);
  const passwords = sectionOf(document, 'Passwords');
  expect(passwords).toContain(`${shortestPassword} characters at least`);
  expect(passwords).toContain(`${longestPasswordBytes.toLocaleString('en')} bytes at most`);
  expect(chosenPasswordProblem('a'.repeat(shortestPassword - 1), [])).toContain(
    `at least ${shortestPassword} characters`,
  );
  expect(chosenPasswordProblem('a small red boat sails past the old lighthouse '.repeat(3), [])).toBeUndefined();
  expect(10 ** (await constantOf('src/schemas/guessable.ts', 'guessesLog10'))).toBe(100e6);
  const { factor } = /const ownWords = \[(?<factor>[^\]]*)\]/.exec(await read('src/schemas/guessable.ts'))!.groups!;
  for (const [, word] of factor!.matchAll(/'([^']+)'/g)) expect(passwords).toContain(`\`${word}\``);
  const claims = /const claimsWithNames = \[([^\]]*)\]/.exec(await read('src/flows/users/names-around.ts'))![1]!;
  for (const [, claim] of claims.matchAll(/'([^']+)'/g)) expect(passwords).toContain(`\`${claim}\``);
});

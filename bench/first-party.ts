// One request of each row of the first-party API, recorded as the others are.
import { decodeProtectedHeader } from 'jose';
import pg from 'pg';
import { fingerprint } from '../src/crypto/hash.ts';
import { hashOfRecoveryCode } from '../src/crypto/recovery-codes.ts';
import { claimsOf } from '../test/support/flow.ts';
import { codeOf } from '../test/support/second-factors.ts';
import { ask } from './load.ts';
import { idsIn, type Recorder, sha256 } from './recording.ts';
import * as world from './world.ts';

/** What the rows of the first-party API need to know. */
export type FirstParty = {
  /** By which the accounts know the device of each connection. */
  readonly devices: readonly string[];
  /** Of the access tokens, of one factor and of two. */
  readonly claims: Readonly<Record<'one' | 'two', Readonly<Record<string, unknown>>>>;
  /** The half-done sign-in of which fresh ones are copies, and whose it is. */
  readonly half: { readonly attemptId: string; readonly userId: string };
  /** With which partial tokens are verified, in base64. */
  readonly partialTokenKey: string;
};

/** What answers have that are read here. */
type Answered = {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token: string;
  readonly device: string;
  readonly secret: string;
  readonly recovery_codes: readonly string[];
};

export async function recordFirstParty(recorder: Recorder): Promise<FirstParty> {
  const { box, target, meet, keep, sessionHash } = recorder;
  const request = async (path: string, json: object, headers: Record<string, string> = {}) =>
    JSON.parse((await meet(world.postJson(target, path, json, headers), 200)).body.toString()) as Answered;

  const devices: string[] = [];
  for (const user of world.users) {
    const { body } = await ask(target, world.postJson(target, '/auth/login', credentialsOf(user)));
    devices.push((JSON.parse(body.toString()) as Answered).device);
  }
  const [user] = world.users;
  const loggedIn = await request('/auth/login', { ...credentialsOf(user!), device: devices[0]! });
  const one = claimsOf(loggedIn.access_token);
  const ids = idsIn(one);
  keep('auth-login', {
    ...ids,
    identifier: user!.username,
    limitKey: `password account ${ids.userId} browser ${deviceIdOf(devices[0]!)}`,
    child: sha256(loggedIn.refresh_token),
    session: sessionHash(),
  });
  const refreshed = await request('/auth/refresh', { refresh_token: loggedIn.refresh_token });
  keep('auth-refresh', {
    ...ids,
    presented: sha256(loggedIn.refresh_token),
    child: sha256(refreshed.refresh_token),
  });

  const { codes, device: byPassword } = await enrol(request);
  // By the second factor as well, so that the device has a budget of codes of its own, as it has in the row.
  const before = await request('/auth/login', { ...credentialsOf(world.userOfTwoFactors), device: byPassword });
  const { device } = await request('/auth/mfa/verify', { token: before.token, code: codes[1]! });
  const { token } = await request('/auth/login', { ...credentialsOf(world.userOfTwoFactors), device });
  const code = codes[0]!;
  const verified = await request('/auth/mfa/verify', { token, code });
  const two = claimsOf(verified.access_token);
  const idsOfTwo = idsIn(two);
  const attemptId = String(claimsOf(token)['jti']);
  keep('auth-mfa', {
    ...idsOfTwo,
    attempt: attemptId,
    presented: fingerprint([token]),
    limitKey: `code account ${idsOfTwo.userId} browser ${deviceIdOf(device)}`,
    credential: await credentialOf(recorder.databaseUrl, code),
    child: sha256(verified.refresh_token),
    session: sessionHash(),
  });
  return {
    devices,
    claims: { one, two },
    half: { attemptId, userId: idsOfTwo.userId },
    partialTokenKey: Buffer.from(box.purposeKey(decodeProtectedHeader(token).typ!).key).toString('base64'),
  };
}

/** Gives the user of two factors their second one. */
async function enrol(
  request: (path: string, json: object, headers?: Record<string, string>) => Promise<Answered>,
): Promise<{ codes: readonly string[]; device: string }> {
  const { access_token: token, device } = await request('/auth/login', credentialsOf(world.userOfTwoFactors));
  const headers = { authorization: `Bearer ${token}` };
  const { secret } = await request('/auth/mfa/totp', {}, headers);
  const code = codeOf(secret, Number(claimsOf(token)['iat']) * 1000);
  const { recovery_codes: codes } = await request('/auth/mfa/totp/confirm', { code }, headers);
  return { codes, device };
}

/** The id of the credential that a recovery code is. */
async function credentialOf(databaseUrl: string, code: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM credentials WHERE secret = $1', [
      hashOfRecoveryCode(code),
    ]);
    return rows[0]!.id;
  } finally {
    await client.end();
  }
}

export function credentialsOf({ username, password }: { username: string; password: string }) {
  return { username, password };
}

/** The id in what the first-party API calls a device, which knows one account here. */
export function deviceIdOf(device: string): string {
  return device.split('~')[1]!;
}

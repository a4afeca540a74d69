// A person proves once more, with a password or a code, that it is them who changes how they prove who they are.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { spendSecondFactor } from '../../storage/second-factors.ts';
import { lockPassword } from '../../storage/passwords.ts';
import { checkCode, wrongCode } from '../sign-in/check-code.ts';
import { wrongCredentials } from '../sign-in/check-password.ts';
import { checkOwnPassword } from '../sign-in/own-password.ts';
import { attemptSucceeded } from '../sign-in/limiter.ts';

/** One of the two. */
export type GivenProof = { readonly password?: string | undefined; readonly code?: string | undefined };

/** Spends the proof in the transaction of what it was given for. @throws Refusal wrong_code, wrong_credentials when somebody was first. */
export type Again = (tx: Db) => Promise<void>;

/** @throws Refusal invalid_input unless one is given; wrong_credentials, wrong_code, too_many_attempts. */
export async function proveAgain(
  deps: Deps,
  context: RequestContext,
  { user, sessionId }: { user: User; sessionId: string | undefined },
  { password, code }: GivenProof,
): Promise<Again> {
  const { tenant, now } = context;
  if ((password === undefined) === (code === undefined))
    throw invalidInput([{ path: [], problem: 'needs password or code, one of them' }]);
  if (password !== undefined) {
    const { reserved, passwordVersion } = await checkOwnPassword(deps, context, { user, sessionId }, password);
    return async (tx) => {
      if (!(await lockPassword(tx, tenant.id, user.id, passwordVersion))) throw wrongCredentials();
      await attemptSucceeded(tx, tenant.id, reserved);
    };
  }
  const given = { code: code! };
  const { credentialId, step, codeHash, reserved } = await checkCode(deps, context, {
    user,
    given,
    knownBrowser: undefined,
  });
  const { accountKey, addressKey } = reserved;
  const spending = { userId: user.id, credentialId, step, codeHash, accountKey, addressKey };
  return async (tx) => {
    if (!(await spendSecondFactor(tx, tenant.id, spending, now))) throw wrongCode();
  };
}

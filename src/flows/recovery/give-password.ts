// Another password for somebody, by an administrator: given, made, or chosen by its person behind a link.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { userById } from '../users/change.ts';
import { generatePassword, setPassword } from '../users/passwords.ts';
import { sendPasswordLink } from './forgot.ts';

type Asked = { readonly password?: string; readonly generate?: true; readonly send_link?: true };

/** What it did; `password`: the one that was made. */
export type GivenPassword = {
  readonly password?: string;
  readonly sessions_ended: number;
  readonly grants_revoked: number;
};

/**
 * A password that somebody else knows must be changed at the next sign-in (OWASP ASVS 6.4.1, 6.4.6).
 * @throws Refusal not_found, forbidden, invalid_input; conflict where no link can be sent.
 */
export async function givePassword(
  deps: Deps,
  context: RequestContext,
  id: string,
  { password, generate, send_link: sendLink }: Asked,
): Promise<GivenPassword> {
  await userById(deps, context, id, 'person');
  if (sendLink) {
    await sendPasswordLink(deps, context, id);
    return { sessions_ended: 0, grants_revoked: 0 };
  }
  const given = generate ? generatePassword(deps) : password!;
  const { ended } = await setPassword(deps, context, id, given, { mustChange: true });
  return {
    ...(generate && { password: given }),
    sessions_ended: ended.sessions,
    grants_revoked: ended.grants,
  };
}

// What `disable` and `enable` say, of users and of service accounts alike.
import type { User } from '../../domain/user.ts';
import type { Ended } from '../../flows/users/passwords.ts';
import { visible } from '../frame/output.ts';
import { warnOfUser, type Where } from '../frame/provisioned.ts';
import { endedForScripts, endedInWords } from './shown.ts';

/** `enabled`: false when the user was not disabled. */
export async function sayEnabled(where: Where, { user, enabled }: { user: User; enabled: boolean }): Promise<void> {
  await warnOfUser(where, user, ({ disabled }) =>
    disabled === true ? [{ name: 'disabled', todo: 'take it out' }] : [],
  );
  const name = visible(user.username);
  where.out.result(
    { id: user.id, username: user.username, disabled: false, changed: enabled },
    enabled ? `Enabled ${name}.` : `${name} was not disabled.`,
  );
}

/** `ended`: undefined when the user was disabled already. */
export async function sayDisabled(
  where: Where,
  { user, ended }: { user: User; ended: Ended | undefined },
): Promise<void> {
  await warnOfUser(where, user, ({ disabled }) =>
    disabled === false ? [{ name: 'disabled', todo: 'set it to true, or take it out' }] : [],
  );
  const name = visible(user.username);
  where.out.result(
    {
      id: user.id,
      username: user.username,
      disabled: true,
      changed: ended !== undefined,
      ...endedForScripts(ended ?? { sessions: 0, grants: 0 }),
    },
    ended ? `Disabled ${name}: ${endedInWords(ended)}.` : `${name} was disabled already.`,
  );
}

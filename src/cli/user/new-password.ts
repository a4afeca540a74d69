// What `user set-password` and `admin reset` do alike: a user who is there gets another password.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import type { UserEntry } from '../../schemas/user.ts';
import { findNamedPerson } from '../../flows/users/find.ts';
import type { Ended, ToChange } from '../../flows/users/passwords.ts';
import { withTenant } from '../frame/backend.ts';
import type { TenantOption } from '../frame/options.ts';
import { type PasswordOptions, passwordSource, shownPassword } from '../frame/password.ts';
import { formerPassword, type Undoing, warnOfUser } from '../frame/provisioned.ts';
import type { Terminal } from '../frame/run.ts';
import { endedForScripts, passwordInWords } from './shown.ts';

type Changed = { readonly user: User; readonly ended: Ended };

/** What is shown of a change, and what in PROVISION would undo it beside another password. */
type Shown<Change extends Changed> = {
  readonly forScripts?: (change: Change) => object;
  readonly inWords: (change: Change) => string;
  readonly undoes?: (entry: UserEntry) => readonly Undoing[];
};

/** Nobody types a password for a user who is not there, or can have none: they are looked for first. */
export async function giveNewPassword<Change extends Changed>(
  terminal: Terminal,
  named: string,
  options: TenantOption & PasswordOptions & ToChange,
  change: (deps: Deps, context: RequestContext, named: string, password: string, toChange: ToChange) => Promise<Change>,
  { forScripts, inWords, undoes }: Shown<Change>,
): Promise<void> {
  const source = passwordSource(options);
  await withTenant(terminal, { tenant: options.tenant }, async (deps, context, { config }) => {
    await findNamedPerson(deps, context, named);
    const given = await source(deps);
    const toChange = { mustChange: given.generated || options.mustChange === true };
    const changed = await change(deps, { ...context, now: deps.clock() }, named, given.password, toChange);
    const { id, username } = changed.user;
    await warnOfUser({ ...terminal, config, context }, changed.user, (entry) => [
      ...formerPassword(entry, given.password),
      ...(undoes?.(entry) ?? []),
    ]);
    terminal.out.result(
      { id, username, ...forScripts?.(changed), ...endedForScripts(changed.ended), ...shownPassword(given) },
      [inWords(changed), ...passwordInWords(given, toChange)].join('\n'),
    );
  });
}

// What `user create` and `admin create` ask for alike.
import type { Command } from 'commander';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import { createUser } from '../../flows/users/save.ts';
import type { ToChange } from '../../flows/users/passwords.ts';
import { checkedUser } from '../../schemas/user.ts';
import { CommandError } from '../frame/run.ts';

export type PersonOptions = {
  readonly username?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
};

export function withPersonOptions(shape: Command): Command {
  return shape
    .option('--username <name>', 'the name they sign in with; required')
    .option('--email <address>', 'their e-mail address, with which they can sign in as well')
    .option('--email-verified', 'the address is known to be theirs')
    .option('--name <name>', 'their full name');
}

/** @throws CommandError usage when they contradict one another. */
export function personOf({ username, email, emailVerified, name }: PersonOptions) {
  // Not by commander, which would say this before it says that an option is misspelt.
  if (username === undefined) throw new CommandError('usage', '--username is missing.');
  if (emailVerified && email === undefined)
    throw new CommandError('usage', '--email-verified says something about an address: give --email as well.');
  return {
    username,
    ...(email !== undefined && { email }),
    ...(emailVerified !== undefined && { email_verified: emailVerified }),
    ...(name !== undefined && { name }),
  };
}

/** @throws Refusal exists, or invalid_input with every mistake. */
export async function createChecked(
  deps: Deps,
  context: RequestContext,
  entry: object,
  toChange: ToChange,
): Promise<User> {
  return createUser(deps, context, checkedUser(entry), toChange);
}

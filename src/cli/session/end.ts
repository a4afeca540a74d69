// `signet session end ID`, `signet session end --user USER`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { endNamedSession, endSessionsOfUser } from '../../flows/sessions/end.ts';
import { sessionsEndingIn } from '../../flows/short-ids.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { counted, visible } from '../frame/output.ts';
import { command, CommandError } from '../frame/run.ts';
import { longId } from '../frame/short-id.ts';

type Options = TenantOption & { readonly user?: string };

export function sessionEndCommand(env: Environment): Command {
  const shape = new Command('end')
    .description('Sign somebody out: one session, or all of a user. Grants that live as long as a session end with it.')
    .argument('[id]', 'the session, as "signet session list" shows it, or its whole id')
    .option('--user <user>', 'all sessions of this user (username, e-mail address or id)')
    .addOption(tenantOption());
  return command(shape, env, async (terminal, id: string | undefined, { tenant, user: named }: Options) => {
    if ((id === undefined) === (named === undefined))
      throw new CommandError('usage', 'Name one session by its id, or a user with --user.');
    await withTenant(terminal, { tenant }, async (deps, context) => {
      if (named !== undefined) {
        const { user, sessions } = await endSessionsOfUser(deps, context, named);
        terminal.out.result(
          forScripts(user.id, user.username, sessions),
          `Ended ${counted(sessions.length, 'session')} of ${visible(user.username)}.`,
        );
      } else {
        const {
          id: ended,
          userId,
          username,
        } = await endNamedSession(deps, context, await longId(id!, (end) => sessionsEndingIn(deps, context, end)));
        terminal.out.result(
          forScripts(userId, username, [ended]),
          `Ended the session ${ended} of ${visible(username)}.`,
        );
      }
    });
  });
}

function forScripts(userId: string, username: string, ended: readonly string[]) {
  return { user_id: userId, username, sessions_ended: ended.length, session_ids: ended };
}

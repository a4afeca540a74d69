// `signet session list`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { browserInShort } from '../../flows/sessions/browser.ts';
import { type ListedSession, listTenantSessions } from '../../flows/sessions/list.ts';
import { sessionsEndingIn } from '../../flows/short-ids.ts';
import { withTenant } from '../frame/backend.ts';
import { pageOptions, type PageOptions, tenantOption, type TenantOption } from '../frame/options.ts';
import { roughly, shownTime } from '../frame/output.ts';
import { command } from '../frame/run.ts';
import { longId, shortIds } from '../frame/short-id.ts';

type Options = TenantOption & PageOptions & { readonly user?: string };

export function sessionListCommand(env: Environment): Command {
  const [limit, after] = pageOptions('id');
  const shape = new Command('list')
    .description('List who is signed in: living sessions, newest first.')
    .option('--user <user>', 'only those of this user (username, e-mail address or id)')
    .addOption(limit)
    .addOption(after)
    .addOption(tenantOption());
  return command(shape, env, (terminal, options: Options) =>
    withTenant(terminal, { tenant: options.tenant }, async (deps, context) => {
      const after = options.after && (await longId(options.after, (end) => sessionsEndingIn(deps, context, end)));
      const { items, more } = await listTenantSessions(deps, context, { ...options, after });
      const short = shortIds(items.map(({ id }) => id));
      terminal.out.list(
        items.map(forScripts),
        [
          { head: 'Username', of: (session) => session.username },
          { head: 'Browser', of: (session) => browserInShort(session.user_agent) },
          { head: 'Address', of: (session) => session.ip },
          { head: 'Signed in', of: (session) => roughly(session.started_at) },
          { head: 'Last used', of: (session) => roughly(session.last_seen_at) },
          { head: 'Id', of: (session) => short(session.id), whole: true },
        ],
        options.user === undefined ? 'Nobody is signed in.' : `${options.user} is not signed in.`,
      );
      if (more) terminal.out.note(`There are more: --after ${items.at(-1)!.id}`);
    }),
  );
}

function forScripts(session: ListedSession) {
  return {
    id: session.id,
    user_id: session.userId,
    username: session.username,
    started_at: shownTime(session.startedAt),
    last_seen_at: shownTime(session.lastSeenAt),
    idle_expires_at: shownTime(session.idleExpiresAt),
    ip: session.ip,
    user_agent: session.userAgent,
  };
}

// `signet outbox list`: messages to people that wait, were sent or were given up. What they say is shown to nobody.
import { Command, Option } from 'commander';
import type { Environment } from '../../config/names.ts';
import { type OutboxState, outboxStates } from '../../domain/outbox.ts';
import { type ListedMessage, listOutbox } from '../../flows/outbox/list.ts';
import { messagesEndingIn } from '../../flows/short-ids.ts';
import { withTenant } from '../frame/backend.ts';
import { pageOptions, type PageOptions, tenantOption, type TenantOption } from '../frame/options.ts';
import { roughly, shownTime } from '../frame/output.ts';
import { command } from '../frame/run.ts';
import { longId, shortIds } from '../frame/short-id.ts';

type Options = TenantOption & PageOptions & { readonly state?: OutboxState };

export function outboxListCommand(env: Environment): Command {
  const [limit, after] = pageOptions('id');
  const shape = new Command('list')
    .description(
      'List messages to people, newest first: to whom, what for, and why one was not sent; never what it says.',
    )
    .addOption(new Option('--state <state>', 'only those in this state').choices([...outboxStates]))
    .addOption(limit)
    .addOption(after)
    .addOption(tenantOption());
  return command(shape, env, (terminal, { tenant, after: last, ...options }: Options) =>
    withTenant(terminal, { tenant }, async (deps, context) => {
      const after = last && (await longId(last, (end) => messagesEndingIn(deps, context, end)));
      const { items, more } = await listOutbox(deps, context, { ...options, ...(after !== undefined && { after }) });
      const short = shortIds(items.map(({ id }) => id));
      terminal.out.list(
        items.map(forScripts),
        [
          { head: 'To', of: (message) => message.destination },
          { head: 'For', of: (message) => message.purpose },
          { head: 'State', of: (message) => message.state },
          { head: 'Tries', of: (message) => message.attempts },
          { head: 'Problem', of: (message) => message.problem ?? undefined },
          { head: 'Made', of: (message) => roughly(message.created_at) },
          { head: 'Id', of: (message) => short(message.id), whole: true },
        ],
        'There are no messages.',
      );
      if (more) terminal.out.note(`There are more: --after ${items.at(-1)!.id}`);
    }),
  );
}

function forScripts(message: ListedMessage) {
  return {
    id: message.id,
    channel: message.channel,
    purpose: message.purpose,
    destination: message.destination,
    state: message.state,
    attempts: message.attempts,
    problem: message.problem ?? null,
    created_at: shownTime(message.createdAt),
    next_attempt_at: message.state === 'waiting' ? shownTime(message.nextAt) : null,
    settled_at: message.settledAt === undefined ? null : shownTime(message.settledAt),
    expires_at: shownTime(message.expiresAt),
  };
}

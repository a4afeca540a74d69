// `signet outbox retry [ID]`: what waits or was given up is tried again now.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { retryOutbox } from '../../flows/outbox/list.ts';
import { messagesEndingIn } from '../../flows/short-ids.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { counted } from '../frame/output.ts';
import { command } from '../frame/run.ts';
import { longId } from '../frame/short-id.ts';

export function outboxRetryCommand(env: Environment): Command {
  const shape = new Command('retry')
    .description(
      'Have a running server try one message again now, or all that wait or were given up; none that is too old.',
    )
    .argument('[id]', 'the message, as "signet outbox list" shows it, or its whole id')
    .addOption(tenantOption());
  return command(shape, env, (terminal, id: string | undefined, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context) => {
      const meant = id && (await longId(id, (end) => messagesEndingIn(deps, context, end)));
      const messages = await retryOutbox(deps, context, meant);
      terminal.out.result({ messages_to_try: messages }, `${counted(messages, 'message')} to be tried now.`);
    }),
  );
}

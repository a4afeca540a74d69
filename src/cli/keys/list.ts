// `signet keys list`: never shows anything private.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { nextKeyStep } from '../../domain/key-life.ts';
import { listKeys } from '../../flows/keys/change.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { roughly, shownTime } from '../frame/output.ts';
import { command } from '../frame/run.ts';
import { shortIds } from '../frame/short-id.ts';

export function keysListCommand(env: Environment): Command {
  const shape = new Command('list')
    .description('List the signing keys that are published, and what happens to each next.')
    .addOption(tenantOption());
  return command(shape, env, (terminal, options: TenantOption) =>
    withTenant(terminal, options, async (deps, context) => {
      const keys = await listKeys(deps, context);
      const short = shortIds(keys.map(({ kid }) => kid));
      terminal.out.list(
        keys.map((key) => {
          const next = nextKeyStep(key, keys);
          return {
            kid: key.kid,
            alg: key.alg,
            state: key.state,
            since: shownTime(key.stateSince),
            next: next && { step: next.step, at: shownTime(next.at) },
          };
        }),
        [
          { head: 'Key', of: (key) => short(key.kid), whole: true },
          { head: 'Algorithm', of: (key) => key.alg },
          { head: 'State', of: (key) => key.state },
          { head: 'Since', of: (key) => roughly(key.since) },
          { head: 'Next', of: ({ next }) => next && `${next.step} ${roughly(next.at)}` },
        ],
        'There are no keys.',
      );
    }),
  );
}

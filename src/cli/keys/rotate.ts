// `signet keys rotate`.
import { Command, Option } from 'commander';
import type { Environment } from '../../config/names.ts';
import { type SigningAlg, signingAlgs } from '../../domain/client.ts';
import { algsOf, keySetMaxAge } from '../../domain/key-life.ts';
import { listKeys } from '../../flows/keys/change.ts';
import { rotateAtOnce, type Rotation, scheduleRotation } from '../../flows/keys/rotate.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { shownTime } from '../frame/output.ts';
import { command, withHint } from '../frame/run.ts';

type Options = TenantOption & { readonly alg?: SigningAlg; readonly now?: boolean };

export function keysRotateCommand(env: Environment): Command {
  const shape = new Command('rotate')
    .description('Replace the active signing keys: publish new ones now, which become active a day later.')
    .addOption(tenantOption())
    .addOption(new Option('--alg <alg>', 'only the key of this algorithm').choices(signingAlgs))
    .option('--now', 'the new key becomes active at once');
  return command(shape, env, (terminal, { alg, now = false, ...options }: Options) =>
    withTenant(terminal, options, async (deps, context) => {
      const algs = alg === undefined ? algsOf(await listKeys(deps, context)) : [alg];
      const rotating = (now ? rotateAtOnce : scheduleRotation)(deps, context, algs);
      const rotations = await withHint('"signet keys list" shows how it is now.', rotating);
      terminal.out.result(rotations.map(forScripts), rotations.map((rotation) => inWords(rotation, now)).join('\n'));
      const news = rotations.filter(({ publishedAt, activeAt }) => activeAt - publishedAt < keySetMaxAge * 1000);
      if (news.length > 0)
        terminal.out.note(
          `Whoever keeps a copy of the key set, and does not fetch it again when a token names a key that is not in it, may refuse new tokens for up to ${keySetMaxAge / 60} minutes.`,
        );
    }),
  );
}

function forScripts({ alg, kid, activeAt, retires }: Rotation) {
  return { alg, kid, active_at: shownTime(activeAt), retires };
}

function inWords({ alg, kid, activeAt, retires }: Rotation, atOnce: boolean): string {
  return [
    atOnce
      ? `The ${alg} key ${kid} is active now.`
      : `The next ${alg} key ${kid} is published. It becomes active ${shownTime(activeAt)}.`,
    ...(retires === undefined
      ? []
      : [`${retires} ${atOnce ? 'has retired' : 'retires then'} and stays published: its tokens stay valid.`]),
  ].join(' ');
}

// Removals in what commands take, warn of and show.
import type { Mutant } from './mutant.ts';

const npmRun = 'test/cli/npm-run.test.ts';
const sessions = 'test/cli/sessions.test.ts';
const usage = 'test/cli/usage.test.ts';
const doubts = 'test/cli/doubts.test.ts';
const apply = 'test/faults/cli-apply.test.ts';
const log = 'test/ops/log.test.ts';

export const commandLineMutants: readonly Mutant[] = [
  {
    name: 'a command runs without the options that npm took',
    file: 'src/cli/signet.ts',
    remove: 'if (taken !== undefined) {',
    insert: 'if (false) {',
    test: npmRun,
    title: 'keep-issued that npm took',
  },
  {
    name: 'what stands in a file of npm stops commands',
    file: 'src/cli/frame/npm-took.ts',
    remove: ` || standsIn(files, key)`,
    insert: '',
    test: npmRun,
    title: 'what stands in a file of npm',
  },
  {
    name: 'an end that several ids share means one of them',
    file: 'src/cli/frame/short-id.ts',
    remove: 'found.length > 1 && !found.includes(typed)',
    insert: 'false',
    test: sessions,
    title: 'an end that two ids share',
  },
  {
    name: 'headings are cut',
    file: 'src/cli/frame/output.ts',
    remove: 'width > Math.max(narrowest, head.length)',
    insert: 'width > 3',
    test: 'test/cli/table.test.ts',
  },
  {
    name: 'a setting as an option is only unknown',
    file: 'src/cli/frame/hints.ts',
    remove: 'if (!Object.hasOwn(settings, name)) return undefined;',
    insert: 'if (name) return undefined;',
    test: usage,
    title: 'an option that is a setting',
  },
  {
    name: 'all of very many mistakes are printed',
    file: 'src/cli/frame/output.ts',
    remove: 'return more <= 0 ? problems',
    insert: 'return more <= 10_000 ? problems',
    test: apply,
    title: 'of very many mistakes',
  },
  {
    name: 'a role in other letters is given in silence',
    file: 'src/flows/provision/doubts.ts',
    remove: 'if (others.length === 0) return [];',
    insert: 'if (others.length >= 0) return [];',
    test: doubts,
    title: 'the same in other letters',
  },
  {
    name: 'a scope that nothing has is given in silence',
    file: 'src/flows/provision/doubts.ts',
    remove: '.filter((one) => !known.has(one))',
    insert: '.filter((one) => !known.has(one) && false)',
    test: doubts,
    title: 'scopes of a client',
  },
  {
    name: 'a file sets its password again over a changed one',
    file: 'src/flows/users/save.ts',
    remove: '  if (stored !== undefined && entry.password_reset !== true) return undefined;\n',
    insert: '',
    test: apply,
    title: 'a password is for the first time only',
  },
  {
    name: 'a file never sets its password again',
    file: 'src/flows/users/save.ts',
    remove: 'if (stored !== undefined && entry.password_reset !== true)',
    insert: 'if (stored !== undefined)',
    test: apply,
    title: 'a password is for the first time only',
  },
  {
    name: 'the lease stays with a process that has ended',
    file: 'src/flows/upkeep/maintenance.ts',
    remove: 'await releaseLease(deps.db, lease, holder)',
    insert: 'await Promise.resolve()',
    test: 'test/ops/lease-released.test.ts',
  },
  {
    name: 'a process that ends takes the lease of another one away',
    file: 'src/storage/leases.ts',
    remove: ".where('name', '=', p.name).where('holder', '=', p.holder)",
    insert: ".where('name', '=', p.name).where('holder', 'is not', p.holder)",
    test: 'test/ops/lease-released.test.ts',
  },
  {
    name: 'commands need what only a listener needs',
    file: 'src/config/contradictions.ts',
    remove: ` && !without.has('TRUST_PROXY')`,
    insert: '',
    test: 'test/cli/listener-settings.test.ts',
    title: 'a command still hears',
  },
  {
    name: 'commands read the files of the listener',
    file: 'src/config/read.ts',
    remove: '    if (without.has(name)) continue;\n',
    insert: '',
    test: 'test/cli/listener-settings.test.ts',
    title: 'a command still hears',
  },
  {
    name: 'what comes from outside steers the terminal by the log',
    file: 'src/start/log.ts',
    remove: `line.replaceAll(/[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]/gu, '\\u{fffd}')`,
    insert: 'line',
    test: log,
    title: 'nothing steers the terminal',
  },
];

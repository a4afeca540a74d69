// What was probably meant by a command or an option that there is not.
import type { Command } from 'commander';
import { settings } from '../../config/settings.ts';

/** Words for the same, of which commands have one. */
const synonyms: readonly (readonly string[])[] = [
  ['create', 'add', 'new', 'make', 'register', 'invite'],
  ['list', 'ls', 'show', 'all', 'get', 'find', 'search'],
  ['delete', 'remove', 'rm', 'del', 'destroy', 'revoke', 'end', 'disable'],
  ['disable', 'lock', 'block', 'ban', 'deactivate', 'suspend', 'delete', 'remove', 'rm'],
  ['enable', 'unlock', 'unblock', 'activate'],
  ['set-password', 'password', 'passwd', 'reset-password', 'change-password'],
  ['reset-mfa', 'reset-2fa', 'mfa', '2fa'],
  ['rotate', 'renew', 'roll', 'rotate-secret'],
  ['end', 'kill', 'logout', 'stop', 'revoke', 'delete'],
  ['retry', 'resend', 'send', 'flush'],
  ['serve', 'start', 'run', 'server', 'up', 'launch'],
  ['doctor', 'status', 'check', 'health', 'diagnose', 'verify', 'info'],
  ['apply', 'provision', 'import', 'load', 'seed'],
  ['backup', 'dump', 'export'],
  ['migrate', 'migration', 'migrations', 'upgrade', 'update'],
  ['user', 'users', 'people', 'person', 'account', 'accounts'],
  ['service', 'services', 'service-account', 'service-accounts'],
  ['client', 'clients', 'app', 'apps', 'application', 'applications'],
  ['session', 'sessions'],
  ['tenant', 'tenants', 'realm', 'realms'],
  ['keys', 'key', 'signing-keys', 'jwks'],
  ['outbox', 'mail', 'mails', 'messages', 'sms'],
  ['admin', 'admins', 'administrator', 'owner', 'setup'],
  ['secret', 'secrets'],
];

/** `message` of commander, with what was meant; undefined when that is not known. */
export function hintFor(command: Command, message: string): string | undefined {
  const [said = ''] = message.split('\n', 1);
  const [, option] = /unknown option '--([a-z][\w-]*)/i.exec(said) ?? [];
  if (option !== undefined) return settingHint(command, said, option.toUpperCase().replaceAll('-', '_'));
  if (said.includes('too many arguments')) return optionHint(command, said);
  const [, word] = /unknown command '([^']*)'/.exec(said) ?? [];
  if (word === undefined) return undefined;
  if (!command.parent && word === 'version') return `${said}. Did you mean --version?`;
  if (!command.parent && word === 'stop') return `${said}. Ctrl-C where the server runs ends it, and so does SIGTERM`;
  const there = command.createHelp().visibleCommands(command);
  const meant = synonyms.flatMap((words) => (words.includes(word.toLowerCase()) ? words : []));
  const names = there.map((one) => one.name()).filter((name) => meant.includes(name));
  if (names.length === 0) return undefined;
  return `${said}. Did you mean ${[...new Set(names)].join(' or ')}?`;
}

/** What others take as the first argument is an option here. */
function optionHint(command: Command, said: string): string | undefined {
  const [first] = command.args;
  const option = ['--username', '--id', '--name'].find((name) => command.options.some(({ long }) => long === name));
  return first === undefined || option === undefined ? undefined : `${said} Did you mean ${option} ${first}?`;
}

/** What others take as an option is a setting here. */
function settingHint(command: Command, said: string, name: string): string | undefined {
  if (!Object.hasOwn(settings, name)) return undefined;
  const words = [];
  for (let at: Command | null = command; at; at = at.parent) words.unshift(at.name());
  return `${said}. It is a setting: ${name}=... ${words.join(' ')}`;
}

// The command `signet`: one file per command.
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { Environment } from '../config-names.ts';
import { adminCreateCommand } from './admin/create.ts';
import { adminResetCommand } from './admin/reset.ts';
import { applyCommand } from './apply.ts';
import { backupCommand } from './backup.ts';
import { clientCreateCommand } from './client/create.ts';
import { clientDeleteCommand } from './client/delete.ts';
import { clientListCommand } from './client/list.ts';
import { clientRotateSecretCommand } from './client/rotate-secret.ts';
import { addCompletion } from './completion.ts';
import { doctorCommand } from './doctor.ts';
import { keysListCommand } from './keys/list.ts';
import { keysRevokeCommand } from './keys/revoke.ts';
import { keysRotateCommand } from './keys/rotate.ts';
import { migrateCommand } from './migrate.ts';
import { restoreCommand } from './restore.ts';
import { restoredCommand } from './restored.ts';
import { exitCodes } from './run.ts';
import { secretKeyNewCommand } from './secret-key/new.ts';
import { serveCommand } from './serve-command.ts';
import { sessionEndCommand } from './session/end.ts';
import { sessionListCommand } from './session/list.ts';
import { tenantCreateCommand } from './tenant/create.ts';
import { tenantListCommand } from './tenant/list.ts';
import { userCreateCommand } from './user/create.ts';
import { userDisableCommand } from './user/disable.ts';
import { userEnableCommand } from './user/enable.ts';
import { userListCommand } from './user/list.ts';
import { userSetPasswordCommand } from './user/set-password.ts';

const groups: Readonly<Record<string, { about: string; commands: readonly ((env: Environment) => Command)[] }>> = {
  tenant: {
    about: 'Tenants: issuers with users, clients and keys of their own.',
    commands: [tenantCreateCommand, tenantListCommand],
  },
  user: {
    about: 'Users: the people who sign in.',
    commands: [userCreateCommand, userListCommand, userDisableCommand, userEnableCommand, userSetPasswordCommand],
  },
  client: {
    about: 'Clients: the applications that people sign in to.',
    commands: [clientCreateCommand, clientListCommand, clientRotateSecretCommand, clientDeleteCommand],
  },
  session: {
    about: 'Sessions: where people are signed in.',
    commands: [sessionListCommand, sessionEndCommand],
  },
  admin: {
    about: 'Administrators: the first one, and a way back in.',
    commands: [adminCreateCommand, adminResetCommand],
  },
  keys: {
    about: 'Signing keys: they rotate by themselves; here they are seen, rotated sooner, and revoked.',
    commands: [keysListCommand, keysRotateCommand, keysRevokeCommand],
  },
  'secret-key': {
    about: 'The key that seals secrets in the database.',
    commands: [secretKeyNewCommand],
  },
};

function program(env: Environment): Command {
  const signet = new Command('signet')
    .description('Run and administer Signet. It reads the same settings as the server.')
    .option('--json', 'results and errors as JSON')
    .showHelpAfterError()
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage));
  for (const make of [
    serveCommand,
    migrateCommand,
    doctorCommand,
    applyCommand,
    backupCommand,
    restoreCommand,
    restoredCommand,
  ])
    signet.addCommand(make(env));
  for (const [name, { about, commands }] of Object.entries(groups)) {
    const group = new Command(name).description(about);
    for (const make of commands) group.addCommand(make(env));
    signet.addCommand(group);
  }
  for (const command of [...signet.commands, ...signet.commands.flatMap((group) => group.commands)])
    command.copyInheritedSettings(signet);
  addCompletion(signet);
  return signet;
}

if (existsSync('.env')) process.loadEnvFile();
await program(process.env).parseAsync();

// Every command by its name, loaded only when it is asked for: most of a short command's time is loading.
import type { Command } from 'commander';
import type { Environment } from '../config/names.ts';

export type MakeCommand = (env: Environment) => Command;

/** Commands that stand alone. */
export const single: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  apply: async () => (await import('./apply.ts')).applyCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  restored: async () => (await import('./restored.ts')).restoredCommand,
};

export type Group = {
  readonly about: string;
  readonly commands: readonly (() => Promise<MakeCommand>)[];
  /** Commands of three words, below the second one. */
  readonly groups?: Readonly<Record<string, Group>>;
};

/** Commands that belong together, below one name. */
export const groups: Readonly<Record<string, Group>> = {
  tenant: {
    about: 'Tenants: issuers with users, clients and keys of their own.',
    commands: [
      async () => (await import('./tenant/create.ts')).tenantCreateCommand,
      async () => (await import('./tenant/list.ts')).tenantListCommand,
    ],
  },
  user: {
    about: 'Users: the people who sign in.',
    commands: [
      async () => (await import('./user/create.ts')).userCreateCommand,
      async () => (await import('./user/list.ts')).userListCommand,
      async () => (await import('./user/disable.ts')).userDisableCommand,
      async () => (await import('./user/enable.ts')).userEnableCommand,
      async () => (await import('./user/set-password.ts')).userSetPasswordCommand,
      async () => (await import('./user/reset-mfa.ts')).userResetMfaCommand,
    ],
  },
  service: {
    about: 'Service accounts: the programs that sign in, each with keys of its own.',
    commands: [
      async () => (await import('./service/create.ts')).serviceCreateCommand,
      async () => (await import('./service/list.ts')).serviceListCommand,
      async () => (await import('./service/disable.ts')).serviceDisableCommand,
      async () => (await import('./service/enable.ts')).serviceEnableCommand,
    ],
    groups: {
      key: {
        about: 'Keys of service accounts.',
        commands: [
          async () => (await import('./service/key/add.ts')).serviceKeyAddCommand,
          async () => (await import('./service/key/list.ts')).serviceKeyListCommand,
          async () => (await import('./service/key/revoke.ts')).serviceKeyRevokeCommand,
        ],
      },
    },
  },
  client: {
    about: 'Clients: the applications that people sign in to.',
    commands: [
      async () => (await import('./client/create.ts')).clientCreateCommand,
      async () => (await import('./client/list.ts')).clientListCommand,
      async () => (await import('./client/rotate-secret.ts')).clientRotateSecretCommand,
      async () => (await import('./client/delete.ts')).clientDeleteCommand,
    ],
    groups: {
      secret: {
        about: 'Secrets of clients: one beside the other, so that nothing stops between the two.',
        commands: [
          async () => (await import('./client/secret/add.ts')).clientSecretAddCommand,
          async () => (await import('./client/secret/list.ts')).clientSecretListCommand,
          async () => (await import('./client/secret/revoke.ts')).clientSecretRevokeCommand,
        ],
      },
    },
  },
  session: {
    about: 'Sessions: where people are signed in.',
    commands: [
      async () => (await import('./session/list.ts')).sessionListCommand,
      async () => (await import('./session/end.ts')).sessionEndCommand,
    ],
  },
  outbox: {
    about: 'Messages to people, on their way.',
    commands: [
      async () => (await import('./outbox/list.ts')).outboxListCommand,
      async () => (await import('./outbox/retry.ts')).outboxRetryCommand,
    ],
  },
  admin: {
    about: 'Administrators: the first one, and a way back in.',
    commands: [
      async () => (await import('./admin/create.ts')).adminCreateCommand,
      async () => (await import('./admin/reset.ts')).adminResetCommand,
    ],
  },
  keys: {
    about: 'Signing keys: they rotate by themselves; here they are seen, rotated sooner, and revoked.',
    commands: [
      async () => (await import('./keys/list.ts')).keysListCommand,
      async () => (await import('./keys/rotate.ts')).keysRotateCommand,
      async () => (await import('./keys/revoke.ts')).keysRevokeCommand,
    ],
  },
  'secret-key': {
    about: 'The key that seals secrets in the database.',
    commands: [async () => (await import('./secret-key/new.ts')).secretKeyNewCommand],
  },
};

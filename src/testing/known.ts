// What a test may leave unsaid later on: the passwords and secrets that it provisioned.
import { randomBytes } from 'node:crypto';
import type { ProvisioningFile } from '../flows/provision/file-schema.ts';
import type { ClientSide } from './code-flow.ts';

type Unchanged<T> = T extends object ? { readonly [K in keyof T]: Unchanged<T[K]> } : T;

/** Clients, users, resources and settings, with the names and the checks of a provisioning file. */
export type Provisioning = Unchanged<Omit<ProvisioningFile, 'tenant'>>;

export type Known = {
  /** The same with a password for each new user who has none. */
  complete(given: Provisioning): Provisioning;
  /** Remembers what was applied. */
  keep(applied: Provisioning): void;
  /** @throws Error when it was never given. */
  passwordOf(username: string): string;
  /** @throws Error when it was never given. */
  client(id: string): ClientSide;
};

export function createKnown(): Known {
  // By the names as people type them; undefined for those who were given as hashes.
  const passwords = new Map<string, string | undefined>();
  const clients = new Map<string, ClientSide>();
  const key = (username: string) => username.toLowerCase();
  return {
    complete(given) {
      // What is of another shape is for the checks to say.
      if (!Array.isArray(given.users)) return given;
      const users = given.users.map((user) =>
        typeof user?.username !== 'string' ||
        passwords.has(key(user.username)) ||
        user.password !== undefined ||
        user.password_hash !== undefined
          ? user
          : { ...user, password: randomBytes(16).toString('base64url') },
      );
      return { ...given, users };
    },
    keep({ users = [], clients: entries = [] }) {
      for (const { username, password, password_hash: hash, password_reset: reset = false } of users)
        // As in any file: the first one stays, unless it says otherwise.
        if ((password !== undefined || hash !== undefined) && (reset || !passwords.has(key(username))))
          passwords.set(key(username), password);
      for (const client of entries)
        clients.set(client.client_id, {
          ...client,
          client_secret: client.client_secret ?? clients.get(client.client_id)?.client_secret,
        });
    },
    passwordOf(username) {
      const password = passwords.get(key(username));
      if (password !== undefined) return password;
      throw new Error(
        passwords.has(key(username))
          ? `user ${username} was given with a password_hash: say the password too`
          : `no user ${username} was given; there are ${listed(passwords.keys())}`,
      );
    },
    client(id) {
      const client = clients.get(id);
      if (client) return client;
      throw new Error(`no client ${id} was given; there are ${listed(clients.keys())}`);
    },
  };
}

function listed(names: Iterable<string>): string {
  return [...names].join(', ') || 'none';
}

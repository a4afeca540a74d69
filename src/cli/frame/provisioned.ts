// Changes that PROVISION would undo at the next start of the server: said to whoever has just made one by hand.
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/read.ts';
import type { RequestContext } from '../../domain/context.ts';
import { identifierKey, type User } from '../../domain/user.ts';
import type { SoundPart } from '../../flows/provision/file-schema.ts';
import type { UserEntry } from '../../schemas/user.ts';
import type { ClientEntry } from '../../schemas/client.ts';
import type { Path } from '../../domain/mistake.ts';
import type { Output } from './output.ts';

/** A name or a part in an entry of the file (or the entry itself) that would undo it, and what to do with that. */
export type Undoing = { readonly name?: string; readonly path?: Path; readonly todo: string };

/** Where a change was made by hand: the output that tells of it, and what the server would start with. */
export type Where = { readonly out: Output; readonly config: Config; readonly context: RequestContext };

/** @param undoes what of the client's entry would undo the change. */
export async function warnOfClient(
  where: Where,
  id: string,
  undoes: (entry: ClientEntry) => readonly Undoing[],
): Promise<void> {
  await warn(where, 'clients', (sound) =>
    sound.clients.map((entry) => (entry && entry.client_id === id ? undoes(entry) : [])),
  );
}

/** @param undoes what of the user's entry would undo the change. */
export async function warnOfUser(
  where: Where,
  { username, kind }: User,
  undoes: (entry: UserEntry) => readonly Undoing[],
): Promise<void> {
  const key = identifierKey(username);
  const find = (entries: readonly (UserEntry | undefined)[]) =>
    entries.map((entry) => (entry && identifierKey(entry.username) === key ? undoes(entry) : []));
  if (kind === 'person') await warn(where, 'users', (sound) => find(sound.users));
  else await warn(where, 'service_accounts', (sound) => find(sound.serviceAccounts));
}

/** The key `name` of a service account, which was just revoked and is still in the file. */
export async function warnOfServiceKey(where: Where, { username }: User, name: string): Promise<void> {
  const key = identifierKey(username);
  await warn(where, 'service_accounts', (sound) =>
    sound.serviceAccounts.map((entry) => {
      const i =
        entry && identifierKey(entry.username) === key ? (entry.keys ?? []).findIndex((one) => one.name === name) : -1;
      return i < 0 ? [] : [{ path: ['keys', i], todo: 'take the key out' }];
    }),
  );
}

/** What brings another password back than `password`, which was just set: only with `password_reset` the file does. */
export function formerPassword(entry: UserEntry, password: string): Undoing[] {
  if (entry.password_reset !== true || entry.password === password) return [];
  return [{ name: 'password_reset', todo: 'take it out' }];
}

async function warn(
  { out, config: { provision: file }, context }: Where,
  list: 'clients' | 'users' | 'service_accounts',
  find: (sound: SoundPart) => readonly (readonly Undoing[])[],
): Promise<void> {
  if (file === undefined) return;
  // Loads the parser only if PROVISION is set.
  const { readProvisioning } = await import('../../flows/provision/parse.ts');
  const { tenantOf } = await import('../../schemas/tenant.ts');
  try {
    const { sound, position } = readProvisioning(await readFile(file, 'utf8'), file);
    if (sound.tenant === null || tenantOf(sound.tenant).slug !== context.tenant.slug) return;
    for (const [i, undoings] of find(sound).entries())
      for (const { name, path: inside = name === undefined ? [] : [name], todo } of undoings) {
        const path: Path = [list, i, ...inside];
        out.note(`Warning: PROVISION undoes this at the next start of the server: ${position(path)}: ${todo}.`);
      }
  } catch (error) {
    out.note(
      `Warning: PROVISION may undo this at the next start of the server, but cannot be read: ${(error as Error).message}`,
    );
  }
}

// The mistakes of a provisioning file that only the database knows: all of them, before anything is computed or changed.
import type { Deps } from '../../deps.ts';
import { completeMetadata, usesSecret } from '../../domain/client.ts';
import { isSlug, type Tenant } from '../../domain/tenant.ts';
import { identifierKey } from '../../domain/user.ts';
import { findClient } from '../../storage/clients.ts';
import type { Db } from '../../storage/database.ts';
import { findTenantBySlug } from '../../storage/tenants.ts';
import { findUserForSignIn } from '../../storage/users.ts';
import type { SoundPart } from './file-schema.ts';
import type { UserEntry } from '../../schemas/user.ts';
import type { ClientEntry } from '../../schemas/client.ts';
import type { Mistake } from '../../domain/mistake.ts';
import { tenantOf } from '../../schemas/tenant.ts';
import { metadataOf } from '../../schemas/client.ts';
import { secretMissing } from '../clients/save.ts';
import { hostProblem } from '../tenants/host.ts';

/** Others may change the database until the file is applied: the transaction looks again. */
export async function storedMistakes(
  { db, publicUrl }: Pick<Deps, 'db' | 'publicUrl'>,
  { tenant: given, clients, users }: SoundPart,
): Promise<Mistake[]> {
  // Without its tenant nothing of the file can be compared.
  if (given === null) return [];
  const { slug, host } = tenantOf(given);
  if (!isSlug(slug)) return [];
  const tenant = await findTenantBySlug(db, slug);
  return [
    ...(host === undefined || slug === 'default' ? [] : hostMistakes(await hostProblem(db, publicUrl, tenant, host))),
    ...(await clientMistakes(db, tenant, clients)),
    ...(tenant ? await userMistakes(db, tenant, users) : []),
  ];
}

function hostMistakes(problem: string | undefined): Mistake[] {
  return problem === undefined ? [] : [{ path: ['tenant', 'host'], problem }];
}

async function clientMistakes(
  db: Db,
  tenant: Tenant | undefined,
  clients: readonly (ClientEntry | undefined)[],
): Promise<Mistake[]> {
  const mistakes: Mistake[] = [];
  for (const [i, entry] of clients.entries()) {
    if (!entry || entry.client_secret !== undefined || !usesSecret(completeMetadata(metadataOf(entry)))) continue;
    const known = tenant && (await findClient(db, tenant.id, entry.client_id));
    if (!known || known.secrets.length === 0) mistakes.push({ path: ['clients', i], problem: secretMissing });
  }
  return mistakes;
}

async function userMistakes(db: Db, tenant: Tenant, users: readonly (UserEntry | undefined)[]): Promise<Mistake[]> {
  const mistakes: Mistake[] = [];
  // Users get what the file says one after the other: who gave up an address further up does not hold it any more.
  const addresses = new Map<string, string>();
  for (const [i, entry] of users.entries()) {
    if (entry?.email === undefined) continue;
    const [self, email] = [identifierKey(entry.username), identifierKey(entry.email)];
    addresses.set(self, email);
    const holder = await findUserForSignIn(db, tenant.id, entry.email);
    const other = holder && identifierKey(holder.username);
    if (!holder || other === self) continue;
    if (other === email || (addresses.get(other!) ?? email) === email)
      mistakes.push({ path: ['users', i, 'email'], problem: emailTaken(holder.username) });
  }
  return mistakes;
}

function emailTaken(username: string): string {
  return `is the e-mail address of the user ${username}: give another, or give ${username} another further up`;
}

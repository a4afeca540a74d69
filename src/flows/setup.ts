// The first administrator: by a one-time link that only the terminal shows, or by ADMIN_EMAIL and ADMIN_PASSWORD.
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../crypto/opaque-tokens.ts';
import type { Deps } from '../deps.ts';
import { ownerRole } from '../domain/admin-rights.ts';
import type { BrowserCookies, RequestContext } from '../domain/context.ts';
import { invalidInput, Refusal } from '../domain/errors.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { HalfSignedIn } from './sign-in/ask-new-password.ts';
import { openAttempt } from './sign-in/attempt.ts';
import type { SignedIn } from './sign-in/complete.ts';
import { signInWithPassword } from './sign-in/password.ts';
import { hashOfChosen } from './users/chosen-password.ts';
import { namesAround } from './users/names-around.ts';
import { chosenPasswordProblem } from '../schemas/password.ts';
import { checkedUser, type UserEntry } from '../schemas/user.ts';
import type { Db } from '../storage/database.ts';
import { isOneTimeTokenOpen, replaceOneTimeToken, spendOneTimeToken } from '../storage/one-time-tokens.ts';
import { lockTenant } from '../storage/tenants.ts';
import { someoneExists, someoneIsOwner } from '../storage/users.ts';
import { insertUser } from './users/save.ts';

/** Milliseconds. */
const linkLifetime = 24 * 3600_000;

/** Tenants that have people: of the others it is asked again. */
const peopled = new WeakMap<Db, Set<string>>();

/** Whether nobody can sign in to the tenant yet, because its first administrator is still to be made. */
export async function awaitsSetup(deps: Deps, tenant: Tenant): Promise<boolean> {
  // Links are made for the default tenant alone (start/server.ts).
  if (tenant.slug !== 'default') return false;
  const known = peopled.get(deps.db) ?? new Set();
  peopled.set(deps.db, known);
  if (known.has(tenant.id)) return false;
  const hasPeople = await someoneExists(deps.db, tenant.id);
  if (hasPeople) known.add(tenant.id);
  return !hasPeople;
}

/** A new setup link's token while nobody administers the tenant, which voids every earlier one; undefined once somebody does. */
export async function openSetup(deps: Deps, context: RequestContext): Promise<string | undefined> {
  if (await someoneIsOwner(deps.db, context.tenant.id)) return undefined;
  const { token, hash } = opaqueToken('setup', deps.random(opaqueBytes));
  await replaceOneTimeToken(
    deps.db,
    context.tenant.id,
    { kind: 'setup', hash, expiresAt: context.now + linkLifetime },
    context.now,
  );
  return token;
}

/** @throws Refusal setup_closed when the link is unknown, used or expired, or somebody administers the tenant already. */
export async function checkSetup(deps: Deps, context: RequestContext, token: string | undefined): Promise<Buffer> {
  const hash = hashOfOpaque('setup', token);
  const open = hash && (await isOneTimeTokenOpen(deps.db, context.tenant.id, 'setup', hash, context.now));
  if (!hash || !open || (await someoneIsOwner(deps.db, context.tenant.id))) throw closed();
  return hash;
}

export type FirstAdmin = { readonly username: string; readonly email: string; readonly password: string };

/** Makes the first administrator: one winner, however often the form comes. @throws Refusal setup_closed, invalid_input with the fields. */
export async function setUpFirstAdmin(
  deps: Deps,
  context: RequestContext,
  token: string | undefined,
  admin: FirstAdmin,
): Promise<void> {
  const hash = await checkSetup(deps, context, token);
  const entry = checkedUser({ ...admin, admin_roles: [ownerRole] });
  const around = await namesAround(deps, context.tenant, entry);
  const passwordHash = await hashOfChosen(deps, admin.password, around);
  const made = await deps.db
    .transaction(
      async (tx) =>
        (await spendOneTimeToken(tx, context.tenant.id, 'setup', hash, context.now)) &&
        insertFirstAdmin(deps, tx, context, entry, passwordHash),
    )
    .catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'exists')
        throw invalidInput([{ path: ['username'], problem: 'is taken' }]);
      throw error;
    });
  if (!made) throw closed();
}

/**
 * Signs in whoever has just made themselves the first administrator, as their password does. `browser`: a new cookie to set.
 * @throws as signInWithPassword.
 */
export async function signInFirstAdmin(
  deps: Deps,
  context: RequestContext,
  { username, password }: FirstAdmin,
  cookies: BrowserCookies,
): Promise<{ outcome: SignedIn | HalfSignedIn; browser: string | undefined }> {
  const { attempt, browser } = openAttempt(deps, context, { request: undefined, browser: cookies.browser });
  const outcome = await signInWithPassword(deps, context, {
    attemptId: attempt.id,
    username,
    password,
    staySignedIn: false,
    cookies: { ...cookies, browser: browser ?? cookies.browser },
  });
  return { outcome, browser };
}

/**
 * ADMIN_EMAIL and ADMIN_PASSWORD: makes that administrator while there is none. @returns true when it was made.
 * @throws Error when the password is too easy to guess.
 */
export async function ensureFirstAdmin(
  deps: Deps,
  context: RequestContext,
  email: string,
  password: string,
): Promise<boolean> {
  if (await someoneIsOwner(deps.db, context.tenant.id)) return false;
  const around = await namesAround(deps, context.tenant, { username: email });
  const problem = chosenPasswordProblem(password, around);
  if (problem !== undefined) throw new Error(`ADMIN_PASSWORD ${problem}.`);
  const passwordHash = await deps.hasher.hash(password);
  const entry = { username: email, email, admin_roles: [ownerRole] };
  return deps.db
    .transaction((tx) => insertFirstAdmin(deps, tx, context, entry, passwordHash))
    .catch((error: unknown) => {
      if (!(error instanceof Refusal) || error.code !== 'exists') throw error;
      deps.log.warn(
        'ADMIN_EMAIL belongs to a user who is no administrator, and stays so; take ADMIN_EMAIL out of the settings',
      );
      return false;
    });
}

async function insertFirstAdmin(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: UserEntry,
  passwordHash: string,
): Promise<boolean> {
  // The lock makes "nobody yet" stay true until this transaction ends.
  await lockTenant(tx, context.tenant.id);
  if (await someoneIsOwner(tx, context.tenant.id)) return false;
  // Whoever has the link, or makes the settings, may make an owner.
  await insertUser(deps, tx, { ...context, rights: 'all' }, entry, passwordHash, 'admin.setup');
  return true;
}

function closed(): Refusal {
  return new Refusal('setup_closed', 'This setup link was used, has expired, or somebody administers Signet already.');
}

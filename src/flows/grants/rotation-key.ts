// The keys from which the children of refresh tokens are derived: the same child for the same token, until the key is gone.
import { derived } from '../../crypto/hash.ts';
import { type OpaqueToken, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { Unavailable } from '../../domain/errors.ts';
import { findRotationKey, rotationKeyOf, type StoredRotationKey } from '../../storage/rotation-keys.ts';
import { newId } from '../events.ts';

/** Milliseconds that one key is for. */
const period = 10 * 60_000;

export type RotationKey = { readonly id: string; readonly key: Buffer };

const everyTenant = '-';

/** The key of the moment, made when it is the first. From memory but once a minute. */
export async function currentRotationKey(deps: Deps, now: number): Promise<RotationKey> {
  const beginsAt = now - (now % period);
  return deps.memory.get('keys', everyTenant, `rotation ${beginsAt}`, async () => {
    const stored = await rotationKeyOf(deps.db, beginsAt, () => {
      const id = newId(deps, now);
      return { id, sealed: deps.box.seal('rotation key', id, deps.random(32)) };
    });
    // Repeats ask for it by its id.
    return deps.memory.get('keys', everyTenant, `rotation ${stored.id}`, async () => opened(deps, stored));
  });
}

/** The key that a rotated token names. @throws Unavailable when it is not there, though a repeat may still need it. */
export async function rotationKeyNamed(deps: Deps, id: string): Promise<RotationKey> {
  return deps.memory.get('keys', everyTenant, `rotation ${id}`, async () => {
    const stored = await findRotationKey(deps.db, id);
    if (!stored) throw new Unavailable('a rotation key is gone before its time');
    return opened(deps, stored);
  });
}

function opened(deps: Deps, { id, sealed }: StoredRotationKey): RotationKey {
  return { id, key: deps.box.open('rotation key', id, sealed) };
}

/** What a rotation makes of the presented token: its one child, and the `jti` of the access token that comes with it. */
export function childOf(
  { key }: RotationKey,
  parent: { tenantId: string; grantId: string; generation: number; token: string },
): { child: OpaqueToken; jti: string } {
  const about = [parent.tenantId, parent.grantId, String(parent.generation), parent.token];
  return {
    child: opaqueToken('refreshToken', derived(key, ['child', ...about])),
    jti: derived(key, ['jti', ...about])
      .subarray(0, 16)
      .toString('base64url'),
  };
}

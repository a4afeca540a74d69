// The keys from which the children of refresh tokens are derived: the same child for the same token, until the key is gone.
import { derived } from '../../crypto/hash.ts';
import { type OpaqueToken, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { Unavailable } from '../../domain/errors.ts';
import {
  findRotationKey,
  resealRotationKey,
  rotationKeyOf,
  rotationKeysSealedOtherwise,
  type StoredRotationKey,
} from '../../storage/rotation-keys.ts';
import { newId } from '../events.ts';
import { sealAnew } from '../keys/reseal.ts';

/** Milliseconds that one key is for. */
const period = 10 * 60_000;

export type RotationKey = { readonly id: string; readonly key: Buffer };

const everyTenant = '-';
const sealedAs = 'rotation key';

/** The key of the moment, made when it is the first. From memory but once a minute. */
export async function currentRotationKey(deps: Deps, now: number): Promise<RotationKey> {
  const beginsAt = now - (now % period);
  return deps.memory.get('keys', everyTenant, `rotation ${beginsAt}`, async () => {
    const stored = await rotationKeyOf(deps.db, beginsAt, () => {
      const id = newId(deps, now);
      return { id, sealed: deps.box.seal(sealedAs, id, deps.random(32)) };
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

/** @throws Unavailable when SECRET_KEY does not open it: the next one is another, and no family ends for it. */
function opened(deps: Deps, { id, sealed }: StoredRotationKey): RotationKey {
  try {
    return { id, key: deps.box.open(sealedAs, id, sealed) };
  } catch (error) {
    deps.log.error({ rotationKey: id, error: (error as Error).message }, 'a rotation key cannot be opened');
    throw new Unavailable('a rotation key cannot be opened');
  }
}

/** Seals with the current SECRET_KEY what an older one seals, so that the older one can be taken out. */
export async function resealRotationKeys(deps: Deps): Promise<void> {
  const found = await rotationKeysSealedOtherwise(deps.db, deps.box.currentKey);
  const things = found.map(({ id, sealed }) => ({
    about: id,
    sealed,
    names: { rotationKey: id },
    store: (anew: string) => resealRotationKey(deps.db, id, sealed, anew),
  }));
  await sealAnew(deps, { purpose: sealedAs, trouble: 'a rotation key could not be sealed anew' }, things);
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

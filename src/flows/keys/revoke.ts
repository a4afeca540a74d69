// A signing key that somebody else may have: taken back at once.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { KeyInLife } from '../../domain/key-life.ts';
import { changeKeys, letSuccessorSign, listKeys, takeKeyBack } from './change.ts';
import { makeSealedKey } from './ring.ts';

/** A published key of the context's tenant. @throws Refusal not_found when none has this id. */
export async function publishedKey(deps: Deps, context: RequestContext, kid: string): Promise<KeyInLife> {
  return byId(await listKeys(deps, context), kid);
}

function byId(keys: readonly KeyInLife[], kid: string): KeyInLife {
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key) return key;
  throw new Refusal(
    'not_found',
    `No published key has the id ${kid}: it never was one of this tenant, or was removed or revoked before.`,
  );
}

/**
 * Takes a key back: it leaves the key set, and nothing that it signed is accepted here any more. If it was active,
 * another one signs from the same moment on: the next one where one is published, else a new one.
 * `judge`: throws when it is not what whoever asks has read. @returns what the key was, and the id of the one that signs instead.
 * @throws Refusal not_found when there is no such key, or it was revoked at the same moment.
 */
export async function revokeKey(
  deps: Deps,
  context: RequestContext,
  kid: string,
  judge: (key: KeyInLife) => void = () => {},
): Promise<{ revoked: KeyInLife; successor: string | undefined }> {
  const seen = await publishedKey(deps, context, kid);
  // Also for a next one: the schedule may make it the active one meanwhile.
  const made = seen.state === 'retired' ? [] : [await makeSealedKey(deps, context.tenant.id, seen.alg)];
  return changeKeys(deps, context, async (tx, keys) => {
    const revoked = byId(keys, kid);
    judge(revoked);
    // Under the tenant's lock nobody else has changed its state.
    await takeKeyBack(deps, tx, context, revoked);
    if (revoked.state !== 'active') return { revoked, successor: undefined };
    const successor = await letSuccessorSign(deps, tx, context, revoked.alg, keys, made);
    if (!successor) throw new Error(`no ${revoked.alg} key could take over from ${kid}`);
    return { revoked, successor: successor.kid };
  });
}

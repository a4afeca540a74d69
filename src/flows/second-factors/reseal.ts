// TOTP secrets sealed anew, so that an older SECRET_KEY can be taken out of the settings.
import type { Deps } from '../../deps.ts';
import { resealTotpSecret, totpSecretsSealedWith } from '../../storage/second-factors.ts';
import { sealAnew } from '../keys/reseal.ts';
import { aboutTotp, totpSealedAs } from '../sign-in/totp-secret.ts';

/** A hundred at a time; the others wait for the next round. */
export async function resealTotpSecrets(deps: Deps): Promise<void> {
  // Those of a key that is not given any more cannot be opened, and would stand in the way of the others.
  const found = await totpSecretsSealedWith(deps.db, deps.box.olderKeys);
  const things = found.map((stored) => ({
    about: aboutTotp(stored.tenantId, stored.userId),
    sealed: stored.sealed,
    names: { tenantId: stored.tenantId, credentialId: stored.id },
    store: (anew: string) => resealTotpSecret(deps.db, stored, anew),
  }));
  await sealAnew(deps, { purpose: totpSealedAs, trouble: 'a TOTP secret could not be sealed anew' }, things);
}

// TOTP secrets sealed anew, so that an older SECRET_KEY can be taken out of the settings.
import type { Deps } from '../../deps.ts';
import { resealTotpSecret, totpSecretsSealedOtherwise } from '../../storage/second-factors.ts';
import { sealAnew } from '../keys/reseal.ts';
import { aboutTotp, totpSealedAs } from '../sign-in/totp-secret.ts';

/** A hundred at a time: those that cannot be opened are logged, and the rest of the others waits for the next round. */
export async function resealTotpSecrets(deps: Deps): Promise<void> {
  const found = await totpSecretsSealedOtherwise(deps.db, deps.box.currentKey);
  const things = found.map((stored) => ({
    about: aboutTotp(stored.tenantId, stored.userId),
    sealed: stored.sealed,
    names: { tenantId: stored.tenantId, credentialId: stored.id },
    store: (anew: string) => resealTotpSecret(deps.db, stored, anew),
  }));
  await sealAnew(deps, { purpose: totpSealedAs, trouble: 'a TOTP secret could not be sealed anew' }, things);
}

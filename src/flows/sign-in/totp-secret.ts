// A TOTP secret at rest: sealed, because it must be read again to compute codes.
import type { Deps } from '../../deps.ts';

/** The purpose under which SECRET_KEY seals them. */
export const totpSealedAs = 'totp secret';

/** What a secret is sealed about: another user's, or another tenant's, does not open in its place. */
export function aboutTotp(tenantId: string, userId: string): string {
  return `${tenantId} ${userId}`;
}

export function sealTotpSecret(deps: Deps, tenantId: string, userId: string, secret: Uint8Array): string {
  return deps.box.seal(totpSealedAs, aboutTotp(tenantId, userId), secret);
}

/** Undefined, with a line in the log, when SECRET_KEY does not open it, or it was changed: the person's other factors go on. */
export function openedTotpSecret(
  deps: Deps,
  tenantId: string,
  userId: string,
  { id, sealed }: { id: string; sealed: string },
): Buffer | undefined {
  try {
    return deps.box.open(totpSealedAs, aboutTotp(tenantId, userId), sealed);
  } catch (error) {
    deps.log.error({ tenantId, credentialId: id, error: (error as Error).message }, 'a TOTP secret cannot be opened');
    return undefined;
  }
}
